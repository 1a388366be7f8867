"""A decoder of lmz files, written from format-spec/ alone, in plain Python.

It shares nothing with the Rust code and is there to show that the specification suffices. Section
numbers in comments are those of format-spec/lmz-format.md and format-spec/codec.md; in
characters.py, character_experts.py and classical.py, those of format-spec/characters.md; in gguf.py,
packed.py and those whose names begin with exact_, those of format-spec/exact-engine.md.
"""
