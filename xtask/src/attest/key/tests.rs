use super::*;

/// RFC 8410 §10.3: the private key of RFC 8032's examples in PKCS #8, and its public half.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

fn key() -> SigningKey {
    SigningKey::parse("test", &Secret::new(PRIVATE)).unwrap()
}

/// RFC 8032 §7.1, test 1: the empty message.
#[test]
fn signs_as_the_rfc_says() {
    let key = key();
    let point = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    assert_eq!(hex::encode(&key.public().point), point);
    let wanted = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a3\
        3bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    assert_eq!(hex::encode(key.sign(b"")), wanted);
    assert!(key.public().has_signed(b"", &key.sign(b"")));
    assert!(!key.public().has_signed(b"x", &key.sign(b"")));
}

#[test]
fn a_public_key_reads_back_and_is_hinted_at_by_its_digest() {
    let public = key().public().clone();
    let read = PublicKey::parse("test", &public.pem()).unwrap();
    assert_eq!((&read, read.hint().len()), (&public, 44));
    // As `ssh-keygen -l` says it of the same key.
    assert_eq!(read.key_id(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
}

/// The public key and signature of RFC 6979 §A.2.5, message `sample`, SHA-256.
#[test]
fn checks_p256_too_which_cosign_makes() {
    let point = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe10\
        08b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    let written = form::write_public(Kind::P256, &hex::decode(point).unwrap());
    let key = PublicKey::parse("p256", &written).unwrap();
    assert_eq!(key.pem(), written);
    assert_eq!(key.key_id(), "SHA256:hfuNWmjIYvsBGZ6dpCLTTAEa5LxbZABRHHVoynAxFlo");
    let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    let signature = hex::decode(format!("3046022100{r}022100{s}")).unwrap();
    assert!(key.has_signed(b"sample", &signature));
    assert!(!key.has_signed(b"other", &signature));
}

#[test]
fn a_made_key_signs_and_what_is_no_key_is_refused_without_repeating_it() {
    let made = SigningKey::generate().unwrap();
    SigningKey::parse("made", &made).unwrap();
    for text in ["hunter2", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        let error = SigningKey::parse("env:KEY", &Secret::new(text)).err().unwrap();
        let message = error.to_string();
        assert!(message.contains("`env:KEY`") && !message.contains("hunter2"), "{message}");
    }
    assert!(PublicKey::parse("x", PRIVATE).is_err(), "a private key is no public one");
}

/// The seed in it.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

/// The public half in the form of RFC 8410 §10.1.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn what_is_written_is_the_older_form_byte_by_byte() {
    let seed: [u8; 32] = hex::decode(SEED).unwrap().try_into().unwrap();
    assert_eq!(form::write_private(&seed).expose(), PRIVATE);
    assert_eq!(key().public().pem(), PUBLIC);
}

#[test]
fn windows_line_ends_and_blank_lines_around_change_nothing() {
    let windows = |text: &str| format!("\r\n{}\r\n", text.replace('\n', "\r\n"));
    let private = SigningKey::parse("x", &Secret::new(windows(PRIVATE))).unwrap();
    assert_eq!(private.public().point, key().public().point);
    assert_eq!(PublicKey::parse("test", &windows(PUBLIC)).unwrap(), *key().public());
}

/// `text` with `from` replaced, which is in it.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

#[test]
fn what_is_no_private_key_is_refused_with_what_it_is() {
    let line = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let block = |label: &str| with(PRIVATE, "PRIVATE KEY", label);
    let cases = [
        (String::new(), "it is not PEM"),
        ("hunter2".into(), "it is not PEM"),
        (line.into(), "it is not PEM"),
        (format!("{PRIVATE}{PRIVATE}"), "several PEM blocks"),
        (format!("{PUBLIC}{PRIVATE}"), "several PEM blocks"),
        (format!("{PRIVATE}hunter2"), "something stands before or behind"),
        (format!("hunter2\n{PRIVATE}"), "something stands before or behind"),
        (block("PUBLIC KEY"), "its PEM block is another one; wanted `PRIVATE KEY`"),
        (block("EC PRIVATE KEY"), "its PEM block is another one"),
        (block("ENCRYPTED PRIVATE KEY"), "its PEM block is encrypted"),
        (with(PRIVATE, "-----END PRIVATE", "-----END PUBLIC"), "it is not PEM"),
        (with(PRIVATE, "-----END PRIVATE KEY-----", ""), "something stands before or behind"),
        (with(PRIVATE, "BCIEIJ1h", "BCIE\nIJ1h"), "it is not PEM"),
        (with(PRIVATE, "BCIEIJ1h", "BCIE!J1h"), "it is not PEM"),
        (with(PRIVATE, line, &line[..60]), "its bytes are damaged"),
        (with(PRIVATE, line, &format!("{line}\nAAAA")), "its bytes are damaged"),
        (with(PRIVATE, "MC4CAQAwBQ", "MC4CAQIwBQ"), "its bytes are damaged"),
        (with(PRIVATE, line, ""), "it is not PEM"),
        (with(PRIVATE, "K2Vw", "K2Vu"), "it is a key for X25519; wanted Ed25519"),
        (with(PRIVATE, "K2Vw", "K2Vx"), "it is a key for Ed448; wanted Ed25519"),
    ];
    for (text, words) in cases {
        let failure = SigningKey::parse("x", &Secret::new(text.clone())).err().unwrap();
        let message = failure.to_string();
        assert!(message.contains(words) && message.contains("image keygen"), "{text}\n{message}");
        assert!(!message.contains("hunter2") && !message.contains("sZ3v"), "{message}");
        assert_eq!(failure.exit().code(), 2);
    }
}

/// Both halves in one file, as RFC 8410 §10.3 has it, and with a public half of another key.
#[test]
fn a_key_with_its_public_half_is_read_and_the_halves_must_fit() {
    let text = |public: &[u8]| {
        let seed = hex::decode("0420").unwrap();
        let seed = [seed, hex::decode(SEED).unwrap()].concat();
        let oid = pkcs8::ObjectIdentifier::new_unwrap("1.3.101.112");
        let algorithm = pkcs8::spki::AlgorithmIdentifierRef { oid, parameters: None };
        let key = pkcs8::PrivateKeyInfo {
            public_key: Some(public),
            ..pkcs8::PrivateKeyInfo::new(algorithm, &seed)
        };
        let document = pkcs8::SecretDocument::try_from(key).unwrap();
        let pem = document.to_pem("PRIVATE KEY", pkcs8::der::pem::LineEnding::LF);
        Secret::new(pem.unwrap().as_str())
    };
    let good = SigningKey::parse("x", &text(&key().public().point)).unwrap();
    assert_eq!(good.public().point, key().public().point);
    let message = SigningKey::parse("x", &text(&[7; 32])).err().unwrap().to_string();
    assert!(message.contains("keys are not of one pair"), "{message}");
}

#[test]
fn what_is_no_public_key_is_refused_with_what_it_is() {
    let line = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    // The point of RFC 6979 in its short form, and a key on P-384 without a point.
    let short =
        "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADYP7UuiVanTHJYetzxjVtaMBJuJI7\nYfpszmaWIuYPKfY=";
    let p384 = "MBgwEAYHKoZIzj0CAQYFK4EEACIDBAAEAAA=";
    let cases = [
        (PRIVATE.to_owned(), "its PEM block is another one; wanted `PUBLIC KEY`"),
        (format!("{PUBLIC}\nhunter2"), "something stands before or behind"),
        (format!("{PUBLIC}{PUBLIC}"), "several PEM blocks"),
        (with(PUBLIC, line, &line[..56]), "its bytes are damaged"),
        (with(PUBLIC, line, &format!("{}AA==", &line[..58])), "it is not PEM"),
        (with(PUBLIC, line, short), "its bytes are damaged"),
        (with(PUBLIC, line, p384), "it is a key for ECDSA; wanted Ed25519 or ECDSA on the curve"),
        (with(PUBLIC, "K2Vw", "K2Vu"), "it is a key for X25519; wanted Ed25519 or ECDSA"),
    ];
    for (text, words) in cases {
        let message = PublicKey::parse("x", &text).unwrap_err().to_string();
        assert!(message.contains(words) && message.contains("openssl pkey"), "{text}\n{message}");
    }
}
