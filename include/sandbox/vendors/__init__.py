"""Stand-ins of vendor APIs on their real wire protocols, all in one loopback process.

A vendor is a module or package of this folder exposing ``VENDOR``; nothing else lists it.
They answer like the real service and know nothing of the pipeline that reads them.
"""
