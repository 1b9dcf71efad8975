//! Where uploaded files are kept.

use clap::Args;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use std::path::PathBuf;

const WRITE_IT: &str = "write it as s3://bucket/prefix, file:///folder, or postgres for the database";

/// Where uploaded files are kept until they have been imported, and a while longer.
#[derive(Args, Clone, Debug)]
pub struct StorageSettings {
    /// Where uploaded files are kept: s3://bucket/prefix (with AWS_* as other programs know them), file:///folder, or
    /// "postgres" for the database
    #[arg(long, env = "STORAGE_URL", value_name = "URL", default_value = "postgres", hide_env_values = true,
          value_parser = storage)]
    pub storage_url: Storage,

    /// Certificates (PEM) whose authorities a bucket's server may have, besides the public ones, which are built in
    #[arg(long, env = "STORAGE_CA_FILE", value_name = "FILE")]
    pub storage_ca_file: Option<PathBuf>,
}

/// A place for files, understood.
#[derive(Clone, Debug)]
pub enum Storage {
    /// The database itself.
    Postgres,
    /// A folder that every process sees.
    Folder(PathBuf),
    /// Objects of a bucket whose names begin with the prefix.
    S3 {
        builder: Box<AmazonS3Builder>,
        prefix: String,
    },
}

fn storage(text: &str) -> Result<Storage, String> {
    let refused = || WRITE_IT.to_owned();
    if text == "postgres" {
        return Ok(Storage::Postgres);
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    match scheme {
        // An absolute path follows; a host would be another machine's.
        "file" if rest.starts_with('/') && rest.len() > 1 => Ok(Storage::Folder(rest.into())),
        "s3" => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() || rest.contains(['?', '#', '@']) {
                return Err(refused());
            }
            // This is where AWS_* are read.
            let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
            check_keys(&builder)?;
            Ok(Storage::S3 {
                builder: Box::new(builder),
                prefix: prefix.trim_end_matches('/').to_owned(),
            })
        }
        _ => Err(refused()),
    }
}

/// Half of a key would be found out by the first upload, which is late. None at all is fine: machines of Amazon's have
/// other ways to show who they are.
fn check_keys(builder: &AmazonS3Builder) -> Result<(), String> {
    let has = |key| builder.get_config_value(&key).is_some_and(|value| !value.is_empty());
    if has(AmazonS3ConfigKey::AccessKeyId) == has(AmazonS3ConfigKey::SecretAccessKey) {
        return Ok(());
    }
    Err("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_understood() -> Result<(), String> {
        assert!(matches!(storage("postgres")?, Storage::Postgres));
        assert!(matches!(storage("file:///var/files")?, Storage::Folder(folder) if folder.ends_with("var/files")));
        for (text, expected) in [("s3://shop", ""), ("s3://shop/", ""), ("s3://shop/a/b/", "a/b")] {
            assert!(
                matches!(storage(text)?, Storage::S3 { prefix, .. } if prefix == expected),
                "{text}"
            );
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "",
            "s3",
            "s3://",
            "s3:///prefix",
            "s3://key@shop/a",
            "file://host/dir",
            "file:///",
            "https://shop",
        ] {
            assert_eq!(storage(text).err().as_deref(), Some(WRITE_IT), "{text}");
        }
    }
}
