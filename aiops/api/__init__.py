"""HTTP: REST + OpenAPI, pages, authentication."""
