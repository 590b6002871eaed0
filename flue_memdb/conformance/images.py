"""Images in prompts and sessions: of whatever size, they come back as they were."""

import pytest

from flue_memdb.conformance.examples import SESSION, admit, direct, image, session, submission_of
from flue_memdb.conformance.picture import nothing_changes
from flue_memdb.conformance.suite import Contract
from flue_memdb.contract import InvalidPayloadError, Json, Stores

_CHUNK = 262_144
_MAX = 14 * 2**20
_DATA = {
    "empty": "",
    "short": "aGVsbG8=",
    "one chunk": "x" * _CHUNK,
    "one more than a chunk": "x" * _CHUNK + "y",
    "several chunks": "".join(digit * _CHUNK for digit in "0123") + "end",
    "cut inside a surrogate pair": "x" + "😀" * (_CHUNK // 2) + "y",
    "a lone surrogate at the cut": "x" * (_CHUNK - 1) + "\ud83d" + "y",
    "like a marker": "__flue_image_chunks__:0",
}

each_data = pytest.mark.parametrize("data", _DATA.values(), ids=_DATA.keys())


def _prompt(*images: Json) -> Json:
    return {"message": "look", "images": list(images), "more": 1}


def _message(role: str, *content: Json) -> Json:
    return {"id": "e1", "type": "message", "message": {"role": role, "content": list(content)}}


class TestImages(Contract):
    """Image data, which an adapter may store apart from its document."""

    @each_data
    async def test_an_image_of_a_prompt_comes_back_as_it_was(self, stores: Stores, other: Stores, data: str) -> None:
        """The images of a direct prompt are part of its input, whatever their size and wherever they are cut."""
        prompt = _prompt(image("first"), image(data))
        assert (await admit(stores, direct("p1", payload=prompt))).input["payload"] == prompt
        assert (await submission_of(other, "p1")).input["payload"] == prompt

    @each_data
    async def test_the_same_prompt_with_images_again_is_the_same(self, stores: Stores, data: str) -> None:
        """The same prompt admitted again is the submission as it stands; with another image it is a conflict."""
        prompt = direct("p1", payload=_prompt(image(data)))
        first = await admit(stores, prompt)
        assert await admit(stores, prompt) == first

    @pytest.mark.parametrize("role", ["user", "toolResult", "assistant"])
    @each_data
    async def test_an_image_of_a_session_comes_back_as_it_was(self, stores: Stores, role: str, data: str) -> None:
        """The images of a session entry come back as they were, in a message of any role."""
        document = session(_message(role, {"type": "text", "text": "look"}, image(data), image("second")))
        await stores.sessions.save(SESSION, document)
        assert await stores.sessions.load(SESSION) == document

    async def test_blocks_that_only_look_like_images_are_kept(self, stores: Stores) -> None:
        """Blocks without text data, texts that read like a marker, and images elsewhere are kept as they are."""
        blocks = [{"type": "image"}, {"type": "image", "data": 7}, {"type": "text", "data": "x"}, "image", None]
        marker = {"type": "text", "text": "__flue_image_chunks__:0"}
        document = session(
            _message("user", *blocks, marker, image("real")), {"id": "e2", "content": [image()]}, images=[image()]
        )
        await stores.sessions.save(SESSION, document)
        assert await stores.sessions.load(SESSION) == document

    async def test_the_images_of_the_last_save_count(self, stores: Stores, other: Stores) -> None:
        """A save replaces images like everything else."""
        for images in ([image("x" * _CHUNK * 2), image("b")], [image("c")], [], [image("d"), image("x" * _CHUNK)]):
            document = session(_message("user", *images))
            await stores.sessions.save(SESSION, document)
            assert await other.sessions.load(SESSION) == document

    async def test_an_image_of_14_mib_is_kept(self, stores: Stores) -> None:
        """An image of exactly 14 MiB is not over 14 MiB."""
        data = "x" * _MAX
        await admit(stores, direct("p1", payload=_prompt(image(data))))
        assert (await submission_of(stores, "p1")).input["payload"]["images"][0]["data"] == data

    async def test_an_image_over_14_mib_is_refused(self, stores: Stores) -> None:
        """An image over 14 MiB is an `InvalidPayloadError`, in a prompt and in a session, and nothing is stored."""
        too_large = image("x" * (_MAX + 1))
        async with nothing_changes(stores):
            with pytest.raises(InvalidPayloadError):
                await admit(stores, direct("p1", payload=_prompt(image(), too_large)))
            with pytest.raises(InvalidPayloadError):
                await stores.sessions.save(SESSION, session(_message("user", image(), too_large)))
