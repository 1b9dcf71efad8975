//! What is refused, each with one line that says what happened and what to do.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use product_importer::platform::postgres::{PrivatePostgres, ServeLock};

use crate::stage::{DataDir, Other, as_user, eventually, is_root, refusal};

#[test]
fn a_second_serve_is_refused() {
    let data = DataDir::new();
    let lock = ServeLock::take(&data.0).unwrap();
    let line = ServeLock::take(&data.0).unwrap_err().to_string();
    assert!(
        line.contains(data.0.to_str().unwrap()) && line.contains(&std::process::id().to_string()),
        "{line}"
    );
    drop(lock);
    ServeLock::take(&data.0).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let data = DataDir::new();
    fs::write(data.0.join("file"), "").unwrap();
    for folder in [
        data.0.join("file"),
        data.0.join("file/below"),
        PathBuf::from("/proc/product-importer"),
    ] {
        let line = refusal(PrivatePostgres::start_or_join(&folder));
        assert!(
            line.contains(folder.to_str().unwrap()) && line.contains("DATA_DIR"),
            "{line}"
        );
    }
    if is_root() {
        let Some(_mount) = data.mount("ro,size=1m") else { return };
        assert!(refusal(PrivatePostgres::start_or_join(&data.0)).contains("read-only"));
    } else {
        fs::set_permissions(&data.0, fs::Permissions::from_mode(0o555)).unwrap();
        assert!(refusal(PrivatePostgres::start_or_join(&data.0)).contains("permission denied"));
        fs::set_permissions(&data.0, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_full_disk_is_told_when_the_data_is_made_and_when_it_is_opened() {
    let data = DataDir::new();
    {
        let Some(_mount) = data.mount("size=20m,mode=755") else {
            return;
        };
        assert!(refusal(PrivatePostgres::start_or_join(&data.0)).contains("is full"));
    }
    let Some(_mount) = data.mount("size=100m,mode=755") else {
        return;
    };
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
    let filled =
        fs::File::create(data.0.join("filling")).and_then(|mut file| std::io::copy(&mut std::io::repeat(1), &mut file));
    assert!(filled.is_err());
    assert!(refusal(PrivatePostgres::start_or_join(&data.0)).contains("is full"));
    fs::remove_file(data.0.join("filling")).unwrap();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
}

#[test]
fn data_of_another_major_version_is_refused() {
    let data = DataDir::new();
    fs::create_dir(data.0.join("postgresql")).unwrap();
    fs::write(data.0.join("postgresql/PG_VERSION"), "9\n").unwrap();
    let line = refusal(PrivatePostgres::start_or_join(&data.0));
    assert!(
        line.contains("made by PostgreSQL 9") && line.contains("Install PostgreSQL 9"),
        "{line}"
    );
}

#[test]
fn data_that_another_postgresql_has_open_is_refused() {
    let data = DataDir::new();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    let program = fs::read_link(format!("/proc/{}/exe", data.server_pid())).unwrap();
    server.stop();
    let cluster = data.0.join("postgresql");
    let owner = fs::metadata(&cluster).unwrap();
    let mut foreign = Command::new(program);
    foreign
        .arg("-D")
        .arg(&cluster)
        .args(["-c", "listen_addresses=", "-k"])
        .arg(data.0.join("socket"));
    if is_root() {
        foreign.uid(owner.uid()).gid(owner.gid());
    }
    let mut foreign = foreign.current_dir("/").stderr(Stdio::null()).spawn().unwrap();
    eventually("it has noted itself", || cluster.join("postmaster.pid").exists());
    let line = refusal(PrivatePostgres::start_or_join(&data.0));
    kill(Pid::from_raw(foreign.id().cast_signed()), Signal::SIGQUIT).unwrap();
    foreign.wait().unwrap();
    assert!(line.contains(&format!("process {}", foreign.id())), "{line}");
}

#[test]
fn without_postgresql_and_npm_one_line_says_what_to_install() {
    let data = DataDir::new();
    let mut other = Other::new("search nowhere", &data.0, |command| {
        command.env("PATH", "/nowhere");
    });
    let line = other.answer("SAYS ");
    assert!(
        line.contains("install postgresql") && line.contains("DATABASE_URL") && line.contains("npm"),
        "{line}"
    );
    other.process.wait().unwrap();
}

#[test]
fn whoever_waits_for_npm_is_told_why() {
    let data = DataDir::new();
    let (npm, told) = (data.0.join("npm"), data.0.join("told"));
    fs::write(&npm, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&npm, PermissionsExt::from_mode(0o755)).unwrap();
    let stderr = fs::File::create(&told).unwrap();
    let mut other = Other::new("search nowhere", &data.0.join("data"), |command| {
        command.env("PATH", &data.0).env("RUST_LOG", "off").stderr(stderr);
    });
    other.answer("SAYS ");
    other.process.wait().unwrap();
    let told = fs::read_to_string(told).unwrap();
    let lines: Vec<_> = told
        .lines()
        .filter(|line| line.contains("fetching it with npm"))
        .collect();
    assert!(lines.len() == 1 && lines[0].contains("only once"), "{told}");
}

#[test]
fn other_users_cannot_connect_not_even_the_one_the_server_runs_as() {
    if !is_root() {
        return;
    }
    let data = DataDir::new();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    let server_uid = fs::metadata(data.0.join("postgresql")).unwrap().uid();
    let server_user = User::from_uid(server_uid.into()).unwrap().unwrap().name;
    for name in ["nobody", &server_user] {
        let mut other = Other::new("connect", &data.0, |command| {
            as_user(name)(command.env("URL", server.url()));
        });
        let answer = other.answer("SAYS ");
        assert!(answer.starts_with("refused"), "{name}: {answer}");
    }
}

#[test]
fn a_folder_closed_to_all_but_root_works_when_it_is_ours_alone() {
    let data = DataDir::new();
    fs::set_permissions(&data.0, fs::Permissions::from_mode(0o700)).unwrap();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
    if is_root() {
        let (strange, closed) = (data.0.join("closed"), fs::Permissions::from_mode(0o700));
        fs::create_dir(&strange).unwrap();
        fs::write(strange.join("letter"), "private").unwrap();
        fs::set_permissions(&strange, closed).unwrap();
        assert!(refusal(PrivatePostgres::start_or_join(&strange)).contains("cannot enter"));
    }
}
