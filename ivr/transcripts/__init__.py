"""The scribe: writes down what citizens said, offline, when the line has nothing better to do.

A process of its own beside responder, voice and desk (`scribe`), which keeps the queue
and holds no model; and a child of that one (`listener`) with the model in memory, at the
lowest priority the kernel has, which ends when there is nothing left to write.
Everything here is optional: without the recogniser's packages the line starts neither.
"""
