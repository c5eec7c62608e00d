"""Stack files (TOML) in, fields for ParaView out."""
