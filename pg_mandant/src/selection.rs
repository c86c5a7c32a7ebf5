//! The syntax of `mandant.tenant`. Pure.

use crate::error::Error;

const CODE_LENGTH: usize = 31;
const SELECTION_LENGTH: usize = 4096;

/// What `mandant.tenant` says.
#[derive(Debug, PartialEq)]
pub enum Selection {
    /// Empty: what is stored with the principal, or the home tenant.
    Default,
    /// `*`: all that is available.
    All,
    /// One code or several.
    Codes(Vec<String>),
}

impl std::str::FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > SELECTION_LENGTH {
            return Err(Error::bad_value(
                format!("mandant.tenant is longer than {SELECTION_LENGTH} bytes"),
                "write * for all that is available to you",
            ));
        }
        match text {
            "" => Ok(Self::Default),
            "*" => Ok(Self::All),
            _ if text.split(',').all(is_code) => {
                Ok(Self::Codes(text.split(',').map(str::to_owned).collect()))
            }
            _ => {
                let folded = text.to_lowercase();
                let codes: Vec<_> = folded
                    .split(',')
                    .map(str::trim)
                    .filter(|code| !code.is_empty())
                    .collect();
                let hint = if !codes.is_empty() && codes.iter().all(|code| is_code(code)) {
                    format!("write {}", codes.join(","))
                } else {
                    "write one code (de), several (de,us), or * for all".to_owned()
                };
                Err(Error::bad_value(
                    "mandant.tenant is not a list of tenant codes",
                    hint,
                ))
            }
        }
    }
}

fn is_code(text: &str) -> bool {
    text.len() <= CODE_LENGTH
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_codes_or_star_or_nothing() {
        assert_eq!("".parse(), Ok(Selection::Default));
        assert_eq!("*".parse(), Ok(Selection::All));
        assert_eq!(
            "de,us".parse(),
            Ok(Selection::Codes(vec!["de".into(), "us".into()]))
        );
        for (odd, hint) in [
            (" de", "write de"),
            ("DE", "write de"),
            ("de,", "write de"),
            ("de, US", "write de,us"),
        ] {
            assert_eq!(odd.parse::<Selection>().unwrap_err().hint, hint, "{odd}");
        }
        for odd in [
            "*,de",
            "d e",
            "é",
            "1",
            ",",
            "-",
            "de;us",
            &"x".repeat(32),
            &"a,".repeat(9000),
        ] {
            assert!(odd.parse::<Selection>().is_err(), "{odd}");
        }
    }
}
