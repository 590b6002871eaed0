"""A bakery whose clerk is an agent: it takes orders, has them baked, and answers, whatever happens to its process."""
