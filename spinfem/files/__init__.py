"""Files on the disk, whatever is in them: whole or not at all, tables, meshes, chunks."""
