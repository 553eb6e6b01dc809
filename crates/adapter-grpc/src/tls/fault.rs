//! Why two sides of a connection did not believe each other, and what to do about it.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

/// What a failed handshake, or a check of a certificate, says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("its certificate is signed by another authority: both sides need certificates of one ring's authority")]
    OtherAuthority,
    #[error("its certificate has expired: renew it, and check the clocks of both machines")]
    Expired,
    #[error("its certificate is not valid yet: check the clocks of both machines")]
    NotYetValid,
    #[error(
        "its certificate names {presented:?}, wanted {wanted:?}: check the address, and which ring and member listen there"
    )]
    OtherName { wanted: String, presented: Vec<String> },
    #[error(
        "its certificate may not be used on this side of a connection: members need both server and client authentication"
    )]
    OtherPurpose,
    #[error(
        "its certificate names no member of a ring: wanted one URI spiffe://{{ring}}.atoll/region/{{region}}/member/{{id}}"
    )]
    NoMember,
    #[error("it sent no certificate: members need one of the ring's authority")]
    NoCertificate,
    #[error("it does not speak TLS: turn TLS on there, or off here")]
    Plaintext,
    #[error("it speaks TLS: turn TLS on here, or off there")]
    SpeaksTls,
    #[error("it refused our certificate ({alert}): check that both sides use certificates of one ring's authority")]
    RefusedUs { alert: String },
    #[error("the handshake ended early: {message}")]
    Other { message: String },
}

impl Fault {
    /// What an error of a connection says, where it came from TLS.
    pub fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        inner.downcast_ref::<rustls::Error>().map(Self::of_rustls)
    }

    pub(crate) fn of_rustls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            rustls::Error::NoCertificatesPresented => Self::NoCertificate,
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::Plaintext,
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert),
            other => Self::Other { message: other.to_string() },
        }
    }

    pub(crate) fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::OtherAuthority,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForNameContext { expected, presented } => {
                Self::OtherName { wanted: expected.to_str().into_owned(), presented: presented.clone() }
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::OtherPurpose,
            other => Self::Other { message: other.to_string() },
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::CertificateRequired => Self::RefusedUs { alert: "it wants one, and got none".to_owned() },
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError => Self::RefusedUs { alert: format!("{alert:?}") },
            other => Self::Other { message: format!("alert {other:?}") },
        }
    }
}
