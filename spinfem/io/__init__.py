"""Files in and out: stack files (TOML) and fields for ParaView."""
