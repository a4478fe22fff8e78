"""The ports: what a plug-in promises, and the errors everybody speaks.

Read this folder first when you write a plug-in. A plug-in imports ``aiops.contracts``
and ``aiops.domain`` and nothing else of this project; ``aiops.testing`` checks it.
"""
