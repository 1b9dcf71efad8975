//! What pages know of who looks at them. A context left of this one says so while it answers a request.

tokio::task_local! {
    static SIGNED_IN: ();
}

/// Answers a request of a visitor who is signed in.
pub async fn signed_in<T>(answer: impl Future<Output = T>) -> T {
    SIGNED_IN.scope((), answer).await
}

/// Whether the visitor has signed in, and so can sign out.
pub fn is_signed_in() -> bool {
    SIGNED_IN.try_with(|()| ()).is_ok()
}
