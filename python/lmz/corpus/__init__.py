"""Folders and buckets of WAV files to lmz and back, on a Ray cluster: `python -m lmz.corpus`.

Scheduling, retries of lost workers, memory and transport are Ray's, storage is fsspec's. Here is
what is lmz's own: which files are still to do (`plan`), what is done to one (`work`), what is
recorded of it (`manifest`), and the loop that keeps a bounded number of tasks under way (`run`).
"""
