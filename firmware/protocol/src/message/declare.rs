//! The macro behind [`Message`](super::Message).

/// Declares the messages: for each its documentation, its name, its template and its fields in the
/// order of the template's slots.
macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $kind:ident = $template:literal { $( $(#[$field_doc:meta])* $field:ident: $ty:ty, )* }
    )*) => {
        /// One message of the image to the host.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Message {
            $( $(#[$doc])* $kind { $( $(#[$field_doc])* $field: $ty, )* }, )*
        }

        impl core::fmt::Display for Message {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $( Self::$kind { $($field,)* } => {
                        $crate::message::text::write(f, $template, &[$($field),*])
                    } )*
                }
            }
        }

        impl core::str::FromStr for Message {
            type Err = $crate::message::ParseError;

            fn from_str(line: &str) -> Result<Self, Self::Err> {
                use $crate::message::text::{Scan, same_kind};
                $( if same_kind(line, $template)? {
                    let mut scan = Scan::new($template, line);
                    let message = Self::$kind { $( $field: scan.value()?, )* };
                    return scan.end().map(|()| message);
                } )*
                Err($crate::message::ParseError::Kind)
            }
        }

        #[cfg(feature = "defmt")]
        impl defmt::Format for Message {
            fn format(&self, f: defmt::Formatter<'_>) {
                use $crate::message::text::Value;
                match self {
                    $( Self::$kind { $($field,)* } => {
                        defmt::write!(f, $template, $(Value::raw($field)),*)
                    } )*
                }
            }
        }

        /// Templates and field names, to be judged against each other.
        #[cfg(test)]
        const TEMPLATES: &[(&str, &[(&str, &str)])] = &[
            $( ($template, &[$( (stringify!($field), stringify!($ty)) ),*]) ),*
        ];
    };
}

pub(crate) use messages;
