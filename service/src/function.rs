//! Functions of the database as operations: a body's members are arguments of the same name, and what
//! comes back is shown as its address shows it.

use tokio::try_join;

use crate::{
    call::Call,
    db::Transaction,
    error::Error,
    record::{Columns, Param, quote, record},
    reply::Json,
    resource::{Resource, find},
};

record! {
    /// How many it was.
    pub struct Count {
        /// How many.
        count: i32,
    }
}

/// A function with what is `known` and what a body gives, by name: its text and the values.
pub fn invoke<'a>(
    function: &str,
    known: &[(&'static str, Param<'a>)],
    body: &'a impl Columns,
) -> (String, Vec<Param<'a>>) {
    apply(function, known.iter().cloned().chain(body.given()))
}

/// A function with arguments by name: its text and the values.
pub fn apply<'a>(
    function: &str,
    given: impl IntoIterator<Item = (&'static str, Param<'a>)>,
) -> (String, Vec<Param<'a>>) {
    let (names, values): (Vec<_>, Vec<_>) = given.into_iter().unzip();
    let named = |(name, n): (&&str, usize)| format!("{} => ${n}", quote(name));
    let named: Vec<_> = names.iter().zip(1..).map(named).collect();
    (format!("{function}({})", named.join(", ")), values)
}

/// The row that a function returns.
pub async fn returned<R: Resource>(
    tx: &Transaction,
    function: &str,
    values: &[Param<'_>],
) -> Result<R, Error> {
    let statement = format!("select {} from {}", R::select(), R::source(function));
    tx.row(&statement, values).await
}

/// Calls a function that changes one, unless it is not there, and shows what became of it.
pub async fn change<R: Resource>(
    call: Call,
    id: &R::Id,
    function: &str,
    values: &[Param<'_>],
) -> Result<Json<R>, Error> {
    call.act(
        async |tx| find::<R>(&tx, id).await,
        async |tx| {
            let found = find::<R>(&tx, id);
            try_join!(biased; found, returned(&tx, function, values)).map(|(_, row)| row)
        },
    )
    .await
}

/// How many a function says it was.
pub async fn count(tx: &Transaction, function: &str, values: &[Param<'_>]) -> Result<Count, Error> {
    let statement = format!("select {function} as count");
    tx.row(&statement, values).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{arguments, param};

    arguments! {
        /// What is tested.
        pub struct Body {
            /// A name.
            name: String,
        } perhaps {
            /// Days.
            days: i32,
        }
    }

    #[test]
    fn a_function_is_called_with_what_is_given() {
        let text = |body: &str| {
            let body: Body = serde_json::from_str(body).unwrap();
            invoke("f", &[("code", param(&"de"))], &body).0
        };
        assert_eq!(
            text(r#"{"name": "x", "days": 1}"#),
            r#"f("code" => $1, "name" => $2, "days" => $3)"#
        );
        assert_eq!(
            text(r#"{"name": "x", "days": null}"#),
            r#"f("code" => $1, "name" => $2)"#
        );
        assert!(serde_json::from_str::<Body>("{}").is_err());
    }
}
