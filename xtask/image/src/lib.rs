//! The bytes: normal forms, layers and the OCI layout. Files in, files out, no network.
