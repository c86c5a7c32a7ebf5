//! Public keys of an issuer, as a JSON Web Key Set (RFC 7517, 7518, 8037) lists them.
//!
//! Pure. Three algorithms, one per type of key: there is nothing a token could choose between. What is dangerous or broken
//! is refused, so that it is noticed when it is trusted; what serves another purpose is passed over. Two fifths of it are tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::Error;

/// The most keys of one issuer.
const MOST: usize = 32;
/// Bits of an RSA modulus: what is shorter can be broken, what is longer makes others wait.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Members that only a private or symmetric key has.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const HINT: &str =
    "give what the issuer publishes under jwks_uri of its /.well-known/openid-configuration";
/// Ed25519 points of small order by their y, little-endian, in every encoding: such a key takes signatures of anybody.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// How tokens may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
}

#[derive(Debug, Clone, PartialEq)]
enum Public {
    Ed25519(Vec<u8>),
    /// Uncompressed: 4, x, y.
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// A key that signatures are checked with.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its name among the keys of its issuer, if it has one.
    pub id: Option<String>,
    public: Public,
}

/// A key of a set: one to use, or why it is passed over.
#[derive(Debug)]
enum Listed {
    Usable(Key),
    PassedOver(String),
}

impl Key {
    /// The algorithm it is for.
    pub fn algorithm(&self) -> Algorithm {
        match self.public {
            Public::Ed25519(_) => Algorithm::EdDSA,
            Public::P256(_) => Algorithm::ES256,
            Public::Rsa { .. } => Algorithm::RS256,
        }
    }

    /// Whether it made the signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            Public::Ed25519(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
            Public::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Public::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        }
        .is_ok()
    }

    /// Whether it is a point of its curve; looked at once, because it costs as much as a signature.
    fn is_on_curve(&self) -> bool {
        let Public::P256(point) = &self.public else {
            return true; // an Ed25519 key that is none verifies nothing
        };
        // an agreement with a throw-away key fails for what is no point
        EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())
            .and_then(|own| {
                let point = agreement::UnparsedPublicKey::new(&ECDH_P256, point);
                agreement::agree_ephemeral(own, &point, |_| ())
            })
            .is_ok()
    }

    /// What makes the key, as a JWK has it, in the order of RFC 7638.
    fn members(&self) -> Map<String, Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match &self.public {
            Public::Ed25519(x) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(x)}),
            Public::P256(point) => {
                json!({"crv": "P-256", "kty": "EC", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Public::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The SHA-256 thumbprint of RFC 7638: the key itself, whatever it is called.
    pub fn thumbprint(&self) -> String {
        let text = Value::Object(self.members()).to_string();
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
    }

    /// What the database keeps: a JWK with its thumbprint.
    fn kept(&self) -> Value {
        let mut members = self.members();
        if let Some(id) = &self.id {
            members.insert("kid".to_owned(), json!(id));
        }
        members.insert("alg".to_owned(), json!(self.algorithm()));
        members.insert("thumbprint".to_owned(), json!(self.thumbprint()));
        Value::Object(members)
    }
}

/// The usable keys of a set as the database keeps them, and what is to be said of the others.
pub fn accept(set: &Value) -> Result<(Value, Vec<String>), Error> {
    let listed = set
        .get("keys")
        .and_then(Value::as_array)
        .ok_or_else(|| Error::bad_value("not a JSON Web Key Set: it has no array keys", HINT))?;
    if listed.len() > MOST {
        return Err(Error::bad_value(
            format!("{} keys, {MOST} are the most", listed.len()),
            HINT,
        ));
    }
    let (mut usable, mut passed_over) = (Vec::<Key>::new(), Vec::new());
    for (index, jwk) in listed.iter().enumerate() {
        match list(jwk, index)? {
            Listed::Usable(key) => {
                if !key.is_on_curve() {
                    return Err(refused(&name(jwk, index), "is no point of its curve"));
                }
                if key.id.is_some() && usable.iter().any(|other| other.id == key.id) {
                    return Err(refused(&name(jwk, index), "has the name of another key"));
                }
                usable.push(key);
            }
            Listed::PassedOver(why) => passed_over.push(format!("{} {why}", name(jwk, index))),
        }
    }
    if usable.is_empty() {
        let of = passed_over.iter().map(|why| format!(": {why}"));
        return Err(Error::bad_value(
            format!("no key to check tokens with{}", of.collect::<String>()),
            "a key for EdDSA (Ed25519), ES256 or RS256 is needed; to end the trust: mandant.distrust_issuer",
        ));
    }
    Ok((usable.iter().map(Key::kept).collect(), passed_over))
}

/// The keys that the database kept.
pub fn kept(keys: &[Value]) -> Result<Vec<Key>, Error> {
    let mut found = Vec::new();
    for (index, jwk) in keys.iter().enumerate() {
        match list(jwk, index)? {
            Listed::Usable(key) => found.push(key),
            Listed::PassedOver(why) => return Err(Error::internal(format!("a kept key {why}"))),
        }
    }
    Ok(found)
}

fn list(jwk: &Value, index: usize) -> Result<Listed, Error> {
    let name = name(jwk, index);
    let refused = |why: &str| refused(&name, why);
    let members = jwk.as_object().ok_or_else(|| refused("is no object"))?;
    if PRIVATE.iter().any(|member| members.contains_key(*member)) {
        return Err(refused(
            "is secret: whoever has it can make tokens; trust public keys only",
        ));
    }
    let text = |member: &str| match members.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(refused(&format!("has a member {member} that is no text"))),
    };
    let id = match text("kid")? {
        Some(id) if !is_name(id) => return Err(refused("has a kid that is not printable ASCII")),
        id => id.map(str::to_owned),
    };
    let (kind, curve) = (text("kty")?, text("crv")?);
    if !matches!(kind, Some("OKP" | "EC" | "RSA")) {
        return Err(refused("is of an unknown type (kty)"));
    }
    if let Some(purpose) = text("use")?.filter(|purpose| *purpose != "sig") {
        return Ok(Listed::PassedOver(format!(
            "is not for signatures (use {purpose})"
        )));
    }
    if let Some(uses) = members.get("key_ops")
        && !uses
            .as_array()
            .is_some_and(|uses| uses.contains(&json!("verify")))
    {
        return Ok(Listed::PassedOver(
            "is not for signatures (key_ops)".to_owned(),
        ));
    }
    let named = text("alg")?;
    if let Some(named) = named.filter(|named| !["EdDSA", "ES256", "RS256"].contains(named)) {
        return Ok(Listed::PassedOver(format!(
            "is for {named}, which is not taken"
        )));
    }
    let number = |member: &str| -> Result<Vec<u8>, Error> {
        let text = text(member)?.ok_or_else(|| refused(&format!("lacks {member}")))?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| refused(&format!("has a member {member} that is not base64url")))
    };
    let public = match (kind, curve) {
        (Some("OKP"), Some("Ed25519")) => ed25519(number("x")?),
        (Some("EC"), Some("P-256")) => p256(number("x")?, number("y")?),
        (Some("RSA"), _) => rsa(number("n")?, number("e")?),
        (_, Some(other @ ("Ed448" | "X25519" | "X448" | "P-384" | "P-521" | "secp256k1"))) => {
            return Ok(Listed::PassedOver(format!(
                "is on {other}, which is not taken"
            )));
        }
        _ => Err("is on an unknown curve (crv)"),
    };
    let key = Key {
        id,
        public: public.map_err(refused)?,
    };
    if named.is_some_and(|named| json!(named) != json!(key.algorithm())) {
        return Err(refused("has an alg that does not fit its type"));
    }
    Ok(Listed::Usable(key))
}

fn ed25519(x: Vec<u8>) -> Result<Public, &'static str> {
    let mut y = x.clone();
    match y.last_mut() {
        Some(last) if x.len() == 32 => *last &= 0x7f, // the sign of x
        _ => return Err("is not 32 bytes long"),
    }
    if SMALL_ORDER.contains(&hex::encode(y).as_str()) {
        return Err("is weak: its point is of small order");
    }
    Ok(Public::Ed25519(x))
}

fn p256(x: Vec<u8>, y: Vec<u8>) -> Result<Public, &'static str> {
    if (x.len(), y.len()) != (32, 32) {
        return Err("has coordinates that are not 32 bytes long");
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    Ok(Public::P256(point))
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Public, &'static str> {
    let without_zeros =
        |number: Vec<u8>| -> Vec<u8> { number.into_iter().skip_while(|byte| *byte == 0).collect() };
    let (n, e) = (without_zeros(n), without_zeros(e));
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if bits < *RSA_BITS.start() {
        return Err("is weak: 2048 bits at least");
    }
    if bits > *RSA_BITS.end() {
        return Err("is longer than 8192 bits");
    }
    // 65537 to 2^32: what every issuer has, and what the library verifies with
    if !is_odd(&n) || !is_odd(&e) || e.len() < 3 || e.len() > 4 {
        return Err("is weak or no RSA key: n and e odd, e from 65537");
    }
    Ok(Public::Rsa { n, e })
}

/// What is said of a key: its name, or where it stands.
fn name(jwk: &Value, index: usize) -> String {
    match jwk.get("kid").and_then(Value::as_str) {
        Some(id) if is_name(id) => format!("key \"{id}\""),
        _ => format!("key number {}", index + 1),
    }
}

/// Names of keys, issuers and subjects: printable ASCII has one spelling in every encoding.
pub fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn refused(name: &str, why: &str) -> Error {
    Error::bad_value(format!("{name} {why}"), HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.
    const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    /// RFC 7515, appendix A.3.
    const P256: (&str, &str) = (
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    /// RFC 7638, section 3.1.
    const RSA_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn ed25519() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": ED25519_X, "kid": "a"})
    }

    fn with(mut jwk: Value, member: &str, value: Value) -> Value {
        jwk[member] = value;
        jwk
    }

    fn refusal(keys: Value) -> String {
        accept(&json!({ "keys": keys })).unwrap_err().message
    }

    #[test]
    fn a_thumbprint_is_that_of_the_standards() {
        let rsa =
            json!({"kty": "RSA", "n": RSA_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let set = json!({"keys": [ed25519(), rsa]});
        let (kept, passed_over) = accept(&set).unwrap();
        assert!(passed_over.is_empty());
        assert_eq!(
            kept[0]["thumbprint"],
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        assert_eq!(
            kept[1]["thumbprint"],
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        assert_eq!(
            (&kept[0]["alg"], &kept[1]["alg"]),
            (&json!("EdDSA"), &json!("RS256"))
        );
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let set = json!({"keys": [
            ed25519(),
            {"kty": "EC", "crv": "P-256", "x": P256.0, "y": P256.1},
            {"kty": "RSA", "n": RSA_N, "e": "AQAB", "kid": "b", "use": "sig", "x5c": ["..."]},
        ]});
        let (first, _) = accept(&set).unwrap();
        let (second, _) = accept(&json!({ "keys": first })).unwrap();
        assert_eq!(first, second);
        let keys = kept(first.as_array().unwrap()).unwrap();
        let algorithms: Vec<_> = keys.iter().map(Key::algorithm).collect();
        assert_eq!(
            algorithms,
            [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256]
        );
    }

    #[test]
    fn signatures_are_those_of_the_standards() {
        // RFC 8037, appendix A.4
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = &kept(&[ed25519()]).unwrap()[0];
        assert!(key.verifies(signed.as_bytes(), &signature));
        assert!(!key.verifies(b"another", &signature) && !key.verifies(signed.as_bytes(), b""));
        // RFC 7515, appendix A.3
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = json!({"kty": "EC", "crv": "P-256", "x": P256.0, "y": P256.1});
        let key = &kept(&[key]).unwrap()[0];
        assert!(key.verifies(signed.as_bytes(), &signature));
        assert!(!key.verifies(signed.as_bytes(), &[0; 64]));
    }

    #[test]
    fn a_secret_is_refused_and_not_repeated() {
        let secrets = [
            with(
                ed25519(),
                "d",
                json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
            ),
            with(
                with(ed25519(), "use", json!("enc")),
                "d",
                json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
            ),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}),
        ];
        for jwk in secrets {
            let said = refusal(json!([jwk]));
            assert!(said.starts_with("key \"a\" is secret"), "{said}");
            assert!(!said.contains("nWGx") && !said.contains("c2VjcmV0"));
        }
    }

    #[test]
    fn weak_and_broken_keys_are_refused() {
        let rsa = |n: &str, e: &str| json!({"kty": "RSA", "n": n, "e": e, "kid": "a"});
        let even = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xfe; bytes]);
        let odd = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xff; bytes]);
        let point = |x: &[u8]| with(ed25519(), "x", json!(URL_SAFE_NO_PAD.encode(x)));
        let broken = [
            json!("a"),
            json!({}),
            json!({"kty": "XYZ"}),
            json!({"kty": 1}),
            rsa(&odd(255), "AQAB"),
            rsa(&format!("AA{}", odd(255)), "AQAB"),
            rsa(&odd(1025), "AQAB"),
            rsa(&even(256), "AQAB"),
            rsa(&odd(256), "Aw"),
            rsa(&odd(256), "AQ"),
            rsa(&odd(256), ""),
            rsa(&odd(256), "AQAA"),
            rsa(&odd(256), "_____w8"),
            rsa("", "AQAB"),
            rsa("not base64", "AQAB"),
            json!({"kty": "RSA", "e": "AQAB"}),
            with(ed25519(), "crv", json!("secp112r1")),
            with(ed25519(), "crv", json!("P-256")),
            with(ed25519(), "kid", json!(1)),
            with(ed25519(), "kid", json!("")),
            with(ed25519(), "kid", json!("ä")),
            with(ed25519(), "kid", json!("a".repeat(256))),
            with(ed25519(), "alg", json!("RS256")),
            with(ed25519(), "alg", json!(null)),
            with(ed25519(), "x", json!(format!("{ED25519_X}="))),
            with(ed25519(), "x", json!(ED25519_X.replace("Ro", "Rp"))), // bits that mean nothing
            point(&[1; 31]),
            point(&[1; 33]),
            point(&[0; 32]),
            point(&[&[1][..], &[0; 31]].concat()),
            point(&[&[1][..], &[0; 30], &[0x80]].concat()),
            point(&hex::decode(SMALL_ORDER[2]).unwrap()),
            json!({"kty": "EC", "crv": "P-256", "x": P256.0, "y": P256.0}),
            json!({"kty": "EC", "crv": "P-256", "x": P256.0}),
            json!({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}),
            json!({"kty": "EC", "crv": "Ed25519", "x": P256.0, "y": P256.1}),
        ];
        for jwk in broken {
            assert!(
                !refusal(json!([ed25519(), jwk.clone()])).is_empty(),
                "{jwk}"
            );
        }
    }

    #[test]
    fn keys_for_other_purposes_are_passed_over_with_a_word() {
        let others = [
            with(ed25519(), "use", json!("enc")),
            with(ed25519(), "key_ops", json!(["deriveKey"])),
            json!({"kty": "RSA", "alg": "RSA-OAEP", "n": RSA_N, "e": "AQAB"}),
            json!({"kty": "RSA", "alg": "PS256", "n": RSA_N, "e": "AQAB"}),
            json!({"kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ"}),
            json!({"kty": "OKP", "crv": "X25519", "x": ED25519_X}),
        ];
        for jwk in others {
            let mine = with(ed25519(), "kid", json!("mine"));
            let (kept, passed_over) = accept(&json!({"keys": [jwk.clone(), mine]})).unwrap();
            assert_eq!(
                (kept.as_array().unwrap().len(), passed_over.len()),
                (1, 1),
                "{jwk}"
            );
            assert!(refusal(json!([jwk])).starts_with("no key to check tokens with"));
        }
    }

    #[test]
    fn a_set_has_keys_of_different_names_and_not_too_many() {
        assert!(refusal(json!([])).starts_with("no key"));
        assert!(refusal(json!([ed25519(), ed25519()])).contains("name of another"));
        assert!(accept(&json!([])).is_err() && accept(&json!({"keys": {}})).is_err());
        let named = |n: usize| with(ed25519(), "kid", json!(n.to_string()));
        let set = |most| json!({"keys": (0..most).map(named).collect::<Vec<_>>()});
        assert!(accept(&set(MOST)).is_ok() && accept(&set(MOST + 1)).is_err());
    }

    #[test]
    fn zeros_in_front_of_a_modulus_do_not_make_another_key() {
        let bytes = [vec![0], URL_SAFE_NO_PAD.decode(RSA_N).unwrap()].concat();
        let rsa = |n: &str| json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB"}]});
        let (padded, _) = accept(&rsa(&URL_SAFE_NO_PAD.encode(bytes))).unwrap();
        assert_eq!(padded, accept(&rsa(RSA_N)).unwrap().0);
    }
}
