//! What every context's routes use: errors, forms, pages, assets.
