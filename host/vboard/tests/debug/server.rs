//! The server among hosts that misbehave.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::bench::Bench;
use crate::target::STM32L4R5;

fn address(bench: &Bench) -> SocketAddr {
    bench
        .selector
        .serial_number
        .as_ref()
        .unwrap()
        .parse()
        .unwrap()
}

fn connect(bench: &Bench) -> TcpStream {
    let stream = TcpStream::connect(address(bench)).unwrap();
    // Bounds a hang of the server; nothing is timed.
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn ask(stream: &mut TcpStream, request: &[u8], answer: &str) {
    stream.write_all(request).unwrap();
    let mut read = vec![0; answer.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(String::from_utf8_lossy(&read), answer);
}

/// A host that left may not have been noticed yet; then the next is turned away.
fn connect_patiently(bench: &Bench) -> TcpStream {
    for _ in 0..100 {
        let mut stream = connect(bench);
        let mut answer = [0; 4];
        if stream.write_all(b"!HC#").is_ok() && stream.read_exact(&mut answer).is_ok() {
            assert_eq!(&answer, b"&K4#");
            return stream;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the server takes no host any more");
}

#[test]
fn garbage_and_sudden_ends_are_survived() {
    let bench = Bench::black_magic(&STM32L4R5);
    for stream in [
        b"".as_slice(),
        b"!",
        b"!GA",
        b"\0\xff#!##!!!HC",
        b"!Am0000#!GZ1#",
    ] {
        connect_patiently(&bench).write_all(stream).unwrap();
    }
    let mut stream = connect_patiently(&bench);
    stream.write_all(&[b'!'; 100_000]).unwrap();
    stream.write_all(&[b'x'; 100_000]).unwrap();
    ask(&mut stream, b"#!HC#", "&E2#&K4#");
}

#[test]
fn requests_may_come_in_pieces_and_in_bunches() {
    let bench = Bench::black_magic(&STM32L4R5);
    let mut stream = connect_patiently(&bench);
    ask(&mut stream, b"!HC#!HA#!GZ0#", "&K4#&K1#&K0#");
    stream.write_all(b"!H").unwrap();
    std::thread::sleep(Duration::from_millis(30));
    ask(&mut stream, b"C#", "&K4#");
}

#[test]
fn second_host_is_turned_away() {
    let bench = Bench::black_magic(&STM32L4R5);
    let mut first = connect_patiently(&bench);
    let mut second = connect(&bench);
    let mut nothing = Vec::new();
    // Closed, or reset if the request was still unread.
    let _ = second.write_all(b"!HC#");
    assert!(matches!(second.read_to_end(&mut nothing), Ok(0) | Err(_)));
    ask(&mut first, b"!HC#", "&K4#");
    drop(first);
    connect_patiently(&bench);
}

#[test]
fn reset_pin_is_released_when_the_host_dies() {
    let bench = Bench::black_magic(&STM32L4R5);
    bench.load(&crate::program::counter());
    ask(&mut connect_patiently(&bench), b"!GZ1#", "&K0#");
    let _host = connect_patiently(&bench);
    let before = bench.board.instructions();
    std::thread::sleep(Duration::from_millis(100));
    assert!(bench.board.instructions() > before, "the core runs again");
}
