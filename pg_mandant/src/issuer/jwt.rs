//! A signed token (RFC 7519 in the compact form of RFC 7515) and whether its issuer stands behind it.
//!
//! Pure. Nothing in a token chooses how it is checked: keys are those of the trusted issuer, each has one algorithm, and
//! `jwk`, `jku`, `x5u` are not looked at. What is read is read strictly: a member twice, null, or of another type is refused. More than
//! half of it are tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use super::key::{Algorithm, Key, is_name};

/// The end of the year 9999: the last moment that a claim may name.
const LAST: f64 = 253_402_300_799.0;

/// What the database knows of an issuer.
#[derive(Debug)]
pub struct Issuer {
    /// Its id in the database.
    pub id: i32,
    /// For whom its tokens must be.
    pub audience: String,
    /// By how many seconds clocks may differ.
    pub leeway: i64,
    /// What its tokens are signed with.
    pub keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "moment")]
    exp: f64,
    #[serde(default, deserialize_with = "optional_moment")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "optional_moment")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    cnf: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

/// A member that may be missing, but not null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Seconds since 1970, as a number.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let seconds = f64::deserialize(from)?;
    if (0.0..=LAST).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(D::Error::custom("not a moment from 1970 to 9999"))
    }
}

fn optional_moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    moment(from).map(Some)
}

/// A token as it was sent, not yet checked.
pub struct Token<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

/// What the session keeps of a token that was checked, as JSON: everything by which it is judged at later statements.
#[derive(Debug, PartialEq, Serialize)]
pub struct Admitted<'a> {
    /// Of what was signed, in hexadecimal. Not of the whole text: whoever has a signature of ES256 can make a second one.
    /// It stands first, so that two tokens differ early.
    hash: String,
    issuer: i32,
    /// The thumbprint of the key that signed it.
    key: String,
    audience: &'a str,
    subject: &'a str,
    /// Seconds since 1970.
    issued_at: Option<i64>,
    expires_at: i64,
}

impl<'a> Token<'a> {
    /// Reads a token; what is refused is refused with the reason for the log.
    pub fn read(text: &'a str) -> Result<Self, &'static str> {
        let (signed, signature) = text.rsplit_once('.').ok_or("not of three parts")?;
        let (header, claims) = signed.split_once('.').ok_or("not of three parts")?;
        let header: Header = object(header).ok_or("a header that is not taken")?;
        if header.crit.is_some() {
            return Err("a header with crit");
        }
        if let Some(typ) = &header.typ {
            let typ = typ.to_ascii_lowercase();
            if !["jwt", "at+jwt"].contains(&typ.strip_prefix("application/").unwrap_or(&typ)) {
                return Err("a token of another kind (typ)");
            }
        }
        let claims: Claims = object(claims).ok_or("claims that are not taken")?;
        if claims.cnf.is_some() {
            return Err("a token for the holder of a key (cnf), which cannot be asked for it here");
        }
        if !is_name(&claims.iss) || !is_name(&claims.sub) {
            return Err("iss or sub that is not printable ASCII");
        }
        Ok(Self {
            header,
            claims,
            signed,
            signature: decode(signature).ok_or("a signature that is not base64url")?,
        })
    }

    /// Who is said to have issued it.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Checks it at a moment (seconds since 1970): by the keys of its issuer, for whom it is, and its time.
    pub fn check<'b>(&'b self, by: &'b Issuer, now: i64) -> Result<Admitted<'b>, &'static str> {
        let mut fitting = by.keys.iter().filter(|key| {
            key.algorithm() == self.header.alg
                && (self.header.kid.is_none() || self.header.kid == key.id)
        });
        let key = match (fitting.next(), fitting.next()) {
            (Some(key), None) => key,
            _ => return Err("not exactly one key of its issuer fits"),
        };
        if !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err("a wrong signature");
        }
        let claims = &self.claims;
        let expires_at = claims.exp.floor() as i64;
        let issued_at = claims.iat.map(|at| at.floor() as i64);
        if !claims.aud.contains(&by.audience) {
            Err("another audience")
        } else if expires_at + by.leeway <= now {
            Err("expired")
        } else if claims
            .nbf
            .is_some_and(|from| from.ceil() as i64 > now + by.leeway)
        {
            Err("not valid yet")
        } else if issued_at.is_some_and(|at| at > now + by.leeway) {
            Err("issued in the future")
        } else {
            Ok(Admitted {
                hash: hex::encode(digest::digest(&digest::SHA256, self.signed.as_bytes())),
                issuer: by.id,
                key: key.thumbprint(),
                audience: &by.audience,
                subject: &claims.sub,
                issued_at,
                expires_at,
            })
        }
    }
}

/// Strictly: without padding, and without bits that mean nothing.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// A part that is a JSON object; a struct would be read from an array as well.
fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = decode(part)?;
    if !json.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::super::key;
    use super::*;

    const NOW: i64 = 1_800_000_000;

    enum Signer {
        Ed25519(Ed25519KeyPair),
        P256(EcdsaKeyPair),
    }

    impl Signer {
        fn ed25519(seed: u8) -> Self {
            Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        }

        fn p256() -> Self {
            let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let secret = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, secret.as_ref(), &random).unwrap())
        }

        fn jwk(&self, kid: &str) -> Value {
            let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            match self {
                Self::Ed25519(pair) => {
                    json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()), "kid": kid})
                }
                Self::P256(pair) => {
                    let point = pair.public_key().as_ref();
                    json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]), "kid": kid})
                }
            }
        }

        fn sign(&self, header: &str, claims: &str) -> String {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            let signed = format!("{}.{}", part(header), part(claims));
            let signature = match self {
                Self::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
                Self::P256(pair) => {
                    let random = SystemRandom::new();
                    pair.sign(&random, signed.as_bytes())
                        .unwrap()
                        .as_ref()
                        .to_vec()
                }
            };
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    const HEADER: &str = r#"{"typ":"JWT","alg":"EdDSA","kid":"a"}"#;

    fn issuer(keys: &[Value]) -> Issuer {
        Issuer {
            id: 7,
            audience: "us".to_owned(),
            leeway: 60,
            keys: key::kept(keys).unwrap(),
        }
    }

    fn claims() -> Value {
        json!({"iss": "https://i.example", "sub": "s", "aud": "us", "iat": NOW - 10, "exp": NOW + 10})
    }

    fn but(member: &str, value: Value) -> String {
        let mut claims = claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(member)),
            value => claims[member] = value,
        }
        claims.to_string()
    }

    /// What becomes of a token: its end, or why it is refused.
    fn outcome(header: &str, claims: &str) -> Result<i64, &'static str> {
        let signer = Signer::ed25519(1);
        judge(&signer.sign(header, claims), &issuer(&[signer.jwk("a")]))
    }

    fn judge(token: &str, issuer: &Issuer) -> Result<i64, &'static str> {
        Ok(Token::read(token)?.check(issuer, NOW)?.expires_at)
    }

    #[test]
    fn a_good_token_is_kept_as_what_it_says() {
        let signer = Signer::ed25519(1);
        let token = signer.sign(HEADER, &but("sub", json!(r#"a "b\ {}"#)));
        let token = Token::read(&token).unwrap();
        assert_eq!(token.issuer(), "https://i.example");
        let issuer = issuer(&[signer.jwk("a")]);
        let kept = serde_json::to_value(token.check(&issuer, NOW).unwrap()).unwrap();
        assert_eq!(kept["issuer"], 7);
        assert_eq!(kept["subject"], r#"a "b\ {}"#);
        assert_eq!(kept["audience"], "us");
        assert_eq!(kept["key"], issuer.keys[0].thumbprint());
        assert_eq!(
            (&kept["issued_at"], &kept["expires_at"]),
            (&json!(NOW - 10), &json!(NOW + 10))
        );
        assert_eq!(kept["hash"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn another_signature_is_the_same_token() {
        let signer = Signer::p256();
        let (header, claims) = (r#"{"alg":"ES256"}"#, claims().to_string());
        let (one, other) = (signer.sign(header, &claims), signer.sign(header, &claims));
        assert_ne!(one, other); // each with its own random number
        let issuer = issuer(&[signer.jwk("a")]);
        let [one, other] = [&one, &other].map(|token| Token::read(token).unwrap());
        assert_eq!(
            one.check(&issuer, NOW).unwrap(),
            other.check(&issuer, NOW).unwrap()
        );
    }

    #[test]
    fn a_header_chooses_nothing_but_the_key() {
        for header in [
            r#"{"alg":"none","kid":"a"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"HS256","kid":"a"}"#,
            r#"{"alg":"ES256","kid":"a"}"#,
            r#"{"alg":"RS256","kid":"a"}"#,
            r#"{"alg":"eddsa","kid":"a"}"#,
            r#"{"alg":["EdDSA"],"kid":"a"}"#,
            r#"{"kid":"a"}"#,
            r#"{"alg":"EdDSA","kid":"b"}"#,
            r#"{"alg":"EdDSA","kid":""}"#,
            r#"{"alg":"EdDSA","kid":null}"#,
            r#"{"alg":"EdDSA","kid":1}"#,
            r#"{"alg":"EdDSA","kid":"a","kid":"a"}"#,
            r#"{"alg":"HS256","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","crit":[]}"#,
            r#"{"alg":"EdDSA","crit":null}"#,
            r#"{"alg":"EdDSA","typ":"logout+jwt"}"#,
            r#"{"alg":"EdDSA","typ":null}"#,
            r#"["EdDSA","a"]"#,
            r#""EdDSA""#,
            "",
            "{",
            r#"{"alg":"EdDSA"} x"#,
            "\u{feff}{\"alg\":\"EdDSA\"}",
        ] {
            assert!(outcome(header, &claims().to_string()).is_err(), "{header}");
        }
        for header in [
            r#"{"alg":"EdDSA"}"#,
            HEADER,
            r#"{"alg":"EdDSA","typ":"application/AT+JWT"}"#,
            r#"{"alg":"EdDSA","jku":"https://evil.example","jwk":{"kty":"oct"},"x5u":1}"#,
            " {\"\\u0061lg\":\"EdDSA\"}\n",
        ] {
            assert_eq!(
                outcome(header, &claims().to_string()),
                Ok(NOW + 10),
                "{header}"
            );
        }
    }

    #[test]
    fn without_a_name_one_key_must_fit() {
        let (one, other, curve) = (Signer::ed25519(1), Signer::ed25519(2), Signer::p256());
        let token = one.sign(r#"{"alg":"EdDSA"}"#, &claims().to_string());
        let both = issuer(&[one.jwk("a"), curve.jwk("b")]);
        assert!(judge(&token, &both).is_ok());
        let several = issuer(&[one.jwk("a"), other.jwk("b")]);
        assert!(judge(&token, &several).is_err());
        let named = one.sign(HEADER, &claims().to_string());
        assert!(judge(&named, &several).is_ok());
        // by the name of another key
        assert!(judge(&named, &issuer(&[other.jwk("a"), one.jwk("b")])).is_err());
        let nameless = key::kept(&[json!({"kty": "OKP", "crv": "Ed25519", "x": one.jwk("")["x"]})]);
        let nameless = Issuer {
            keys: nameless.unwrap(),
            ..issuer(&[])
        };
        assert!(judge(&token, &nameless).is_ok() && judge(&named, &nameless).is_err());
    }

    #[test]
    fn claims_are_read_strictly() {
        for (member, value) in [
            ("iss", json!(null)),
            ("iss", json!(["https://i.example"])),
            ("iss", json!("")),
            ("iss", json!("https://i.example/\u{e9}")),
            ("sub", json!(null)),
            ("sub", json!("")),
            ("sub", json!(1)),
            ("sub", json!("a\nb")),
            ("sub", json!("a\u{0}")),
            ("sub", json!("\u{ff53}")),
            ("sub", json!("a".repeat(256))),
            ("aud", json!(null)),
            ("aud", json!([])),
            ("aud", json!(["them"])),
            ("aud", json!("US")),
            ("aud", json!("us ")),
            ("aud", json!({"us": 1})),
            ("aud", json!(["us", 1])),
            ("aud", json!([["us"]])),
            ("exp", json!(null)),
            ("exp", json!(NOW - 60)),
            ("exp", json!(-1)),
            ("exp", json!((NOW + 10).to_string())),
            ("exp", json!(1e18)),
            ("exp", json!(u64::MAX)),
            ("exp", json!(i64::MIN)),
            ("exp", json!([NOW + 10])),
            ("exp", json!(true)),
            ("nbf", json!(NOW + 61)),
            ("nbf", json!(NOW as f64 + 60.5)),
            ("nbf", json!("0")),
            ("nbf", json!(u64::MAX)),
            ("iat", json!(NOW + 61)),
            ("iat", json!("0")),
            ("cnf", json!({"jkt": "x"})),
        ] {
            let claims = but(member, value);
            assert!(outcome(HEADER, &claims).is_err(), "{claims}");
        }
        for (member, value) in [
            ("aud", json!(["them", "us"])),
            ("nbf", json!(NOW + 60)),
            ("iat", json!(NOW + 60)),
            ("iat", json!(null)),
            ("iat", json!(NOW as f64 - 0.5)),
            ("other", json!(null)),
        ] {
            let claims = but(member, value);
            assert_eq!(outcome(HEADER, &claims), Ok(NOW + 10), "{claims}");
        }
        assert_eq!(outcome(HEADER, &but("exp", json!(NOW - 59))), Ok(NOW - 59));
        assert_eq!(
            outcome(HEADER, &but("exp", json!(NOW as f64 + 10.9))),
            Ok(NOW + 10)
        );
        assert_eq!(
            outcome(HEADER, &but("exp", json!(253_402_300_799_i64))),
            Ok(253_402_300_799)
        );
    }

    #[test]
    fn a_member_twice_or_null_is_refused() {
        let good = claims().to_string();
        for more in [
            r#""sub":"boss""#,
            r#""sub":"s""#,
            r#""\u0073ub":"boss""#,
            r#""aud":"us""#,
            r#""exp":9999999999"#,
            r#""exp":1e400"#,
            r#""nbf":null"#,
            r#""iat":null"#,
            r#""cnf":null"#,
        ] {
            for claims in [
                good.replacen('{', &format!("{{{more},"), 1),
                good.replace('}', &format!(",{more}}}")),
            ] {
                assert!(outcome(HEADER, &claims).is_err(), "{claims}");
            }
        }
        assert!(outcome(HEADER, &good.replace('}', r#","x":1,"x":2}"#)).is_ok()); // not read
    }

    #[test]
    fn a_token_has_one_spelling() {
        let signer = Signer::ed25519(1);
        let issuer = issuer(&[signer.jwk("a")]);
        let token = signer.sign(HEADER, &claims().to_string());
        assert!(judge(&token, &issuer).is_ok());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let last = signature.chars().last().unwrap();
        let next = char::from_u32(last as u32 + 1).unwrap(); // one of the bits that mean nothing
        for other in [
            format!("{token}="),
            format!("{token}=="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}."),
            format!(".{token}"),
            format!("{signed}.{}{next}", &signature[..signature.len() - 1]),
            format!("{signed}."),
            signed.to_owned(),
            format!("{}.{signature}", signed.replace('.', "..")),
            format!("{signed}.{signature}.{signature}.{signature}"),
            token.replace('.', "\u{2024}"),
            "..".to_owned(),
            ".".to_owned(),
        ] {
            assert!(judge(&other, &issuer).is_err(), "{other}");
        }
    }
}
