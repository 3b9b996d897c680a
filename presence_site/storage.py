from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed static files, with the imports inside ES modules hashed too.

    Without that a browser could keep an old `./note.js` beside a new `board.js`.
    """

    support_js_module_import_aggregation = True
