//! How far the database's server is trusted, as libpq has it: `sslmode`, `sslrootcert`, `sslcert` and `sslkey` of a
//! connection URL, else PGSSLMODE and its like, else the files in `~/.postgresql`. They are read once, when a program
//! begins.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::reason;

/// What libpq knows of TLS and tokio-postgres does not know, or not all of it.
pub const OPTIONS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];
/// `sslrootcert=system`: the authorities that this machine trusts.
const SYSTEM: &str = "system";

/// How connections are encrypted, and whom they are made to.
#[derive(Clone)]
pub struct Tls {
    /// What tokio-postgres must know.
    pub mode: SslMode,
    /// What makes the encrypted connection.
    pub connect: MakeRustlsConnect,
    /// The same for libpq, as its environment variables.
    pub environment: Vec<(&'static str, OsString)>,
}

impl Tls {
    /// Of what is `given`, by the names of options.
    pub fn of(given: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let home = env::var_os("HOME").map(|home| Path::new(&home).join(".postgresql"));
        let root = given("sslrootcert");
        let of_system = root.as_deref() == Some(SYSTEM);
        let unless_said = if of_system { "verify-full" } else { "prefer" };
        let mode = given("sslmode").unwrap_or_else(|| unless_said.to_owned());
        ensure!(
            !of_system || mode == "verify-full",
            "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate of an authority that all trust"
        );
        let file = |option: &str, name: &str| {
            let said = given(option).map(PathBuf::from);
            said.or_else(|| {
                home.as_ref()
                    .map(|home| home.join(name))
                    .filter(|file| file.exists())
            })
        };
        let root = file("sslrootcert", "root.crt");
        let check = match (mode.as_str(), &root) {
            ("disable" | "allow" | "prefer", _) | ("require", None) => Check::Nothing,
            // as libpq has it, for the sake of those who say both
            ("require" | "verify-ca", Some(root)) => Check::Authority(authorities(root)?),
            ("verify-full", _) if of_system => Check::System,
            ("verify-full", Some(root)) => Check::Name(authorities(root)?),
            ("verify-ca" | "verify-full", None) => bail!(
                "sslmode={mode} must know whose certificates to trust: name a file in sslrootcert, or say \
                 sslrootcert=system"
            ),
            _ => bail!("sslmode is disable, prefer, require, verify-ca or verify-full"),
        };
        let certificate = file("sslcert", "postgresql.crt");
        let key = file("sslkey", "postgresql.key");
        let connect = connect(check, certificate.as_deref(), key.as_deref())?;

        let names = ["PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"];
        let files = names.into_iter().zip([root, certificate, key]);
        let mut environment: Vec<_> = files
            .filter_map(|(name, file)| Some((name, file?.into_os_string())))
            .collect();
        let (mode, said) = match mode.as_str() {
            "disable" => (SslMode::Disable, mode),
            "allow" | "prefer" => (SslMode::Prefer, mode),
            _ => (SslMode::Require, mode),
        };
        environment.push(("PGSSLMODE", said.into()));
        Ok(Self {
            mode,
            connect,
            environment,
        })
    }
}

/// What a server's certificate must be.
#[derive(Debug)]
enum Check {
    /// Any: who listens only is shut out, who stands between is not.
    Nothing,
    /// Of one of these authorities.
    Authority(RootCertStore),
    /// Of one of them, and for the name that is connected to.
    Name(RootCertStore),
    /// The same, by what this machine trusts.
    System,
}

fn connect(
    check: Check,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match check {
        Check::System => Arc::new(
            rustls_platform_verifier::Verifier::new(provider.clone())
                .context("sslrootcert=system: this machine trusts nobody that can be read")?,
        ),
        check => Arc::new(Verifier {
            check,
            provider: provider.clone(),
        }),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous() // the word is rustls's for a verifier that is not its own
        .with_custom_certificate_verifier(verifier);
    let config = match (certificate, key) {
        (None, _) => config.with_no_client_auth(),
        (Some(certificate), Some(key)) => config
            .with_client_auth_cert(certificates(certificate, "sslcert")?, private_key(key)?)
            .with_context(|| format!("sslkey {} is not of sslcert", key.display()))?,
        (Some(_), None) => bail!("sslcert needs sslkey, the key of the certificate"),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(file: &Path) -> Result<RootCertStore> {
    let mut trusted = RootCertStore::empty();
    for certificate in certificates(file, "sslrootcert")? {
        trusted
            .add(certificate)
            .with_context(|| format!("sslrootcert {}", file.display()))?;
    }
    Ok(trusted)
}

fn certificates(file: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>> {
    let of_file = || format!("{option} {} cannot be read", file.display());
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| anyhow!(reason(&error)))
        .with_context(of_file)?;
    ensure!(
        !found.is_empty(),
        "{option} {}: there is no certificate in it",
        file.display()
    );
    Ok(found)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let of_file = || format!("sslkey {} cannot be read", file.display());
    let open = fs::metadata(file).with_context(of_file)?;
    // group too where root keeps it for a group of programs, as libpq has it
    let others = if open.uid() == 0 { 0o037 } else { 0o077 };
    ensure!(
        open.mode() & others == 0,
        "sslkey {} can be read by others: chmod 600",
        file.display()
    );
    PrivateKeyDer::from_pem_file(file)
        .map_err(|error| anyhow!(reason(&error)))
        .with_context(of_file)
        .context("a key is PEM without a passphrase")
}

/// Judges certificates as a [`Check`] says, and what is signed with them.
#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Where any certificate will do, nothing is gained by what it has signed.
    fn is_indifferent(&self) -> bool {
        matches!(self.check, Check::Nothing)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Check::Authority(trusted) | Check::Name(trusted) = &self.check {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                trusted,
                intermediates,
                now,
                algorithms,
            )?;
            if let Check::Name(_) = &self.check {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.is_indifferent() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.is_indifferent() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// What is wrong with a server's certificate, in words.
pub fn refusal(error: &rustls::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    Some(match error {
        CertificateError::UnknownIssuer => {
            "the certificate of the database's server is of no authority in sslrootcert".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the certificate of the database's server is for {}, and not for {}",
            presented.join(", "),
            expected.to_str()
        ),
        error => format!("the certificate of the database's server: {error}"),
    })
}
