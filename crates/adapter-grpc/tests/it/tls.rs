//! Certificates: whom members believe, and what is said when they do not.

mod believing;
mod development;
mod files;
