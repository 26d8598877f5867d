//! What a reply is made of, and the replies that several providers give.

/// A refusal or deferral.
pub struct Reply {
    /// Status and PowerMTA's words for it.
    pub status: &'static str,
    /// PowerMTA's bounce category.
    pub category: &'static str,
    /// What the remote server says.
    pub text: &'static str,
}

/// No such mailbox.
pub const USER_UNKNOWN: &str = "5.1.1 (bad destination mailbox address)";
/// Mailbox over quota.
pub const MAILBOX_FULL: &str = "5.2.2 (mailbox full)";
/// A host that does not know the sender yet.
pub const GREYLISTED: Reply = Reply {
    status: "4.7.1 (delivery not authorized)",
    category: "other",
    text: "451 4.7.1 <{rcpt}>: Recipient address rejected: Greylisted for 5 minutes",
};

/// Google takes a message.
pub const GOOGLE_ACCEPTED: &str = "250 2.0.0 OK {id} - gsmtp";
/// Google asks to wait.
pub const GOOGLE_DEFERRED: &[Reply] = &[
    Reply {
        status: "4.2.1 (mailbox disabled, not accepting messages)",
        category: "policy-related",
        text: "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. Please resend your message at a later time. If the user is able to receive mail at that time, your message will be delivered. For more information, please visit https://support.google.com/mail/?p=ReceivingRate {id} - gsmtp",
    },
    Reply {
        status: "4.3.0 (unknown mail system-related status)",
        category: "other",
        text: "451 4.3.0 Mail server temporarily rejected message. {id} - gsmtp",
    },
];
/// Google has no such mailbox.
pub const GOOGLE_REFUSED: &[Reply] = &[
    Reply {
        status: USER_UNKNOWN,
        category: "bad-mailbox",
        text: "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. Learn more at https://support.google.com/mail/?p=NoSuchUser {id} - gsmtp",
    },
    Reply {
        status: "5.2.1 (mailbox disabled, not accepting messages)",
        category: "inactive-mailbox",
        text: "550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser {id} - gsmtp",
    },
];

/// Microsoft takes a message.
pub const MICROSOFT_ACCEPTED: &str = "250 2.6.0 <{id}@app.example.com> [InternalId={id}] Queued mail for delivery";
/// Microsoft asks to wait.
pub const MICROSOFT_DEFERRED: &[Reply] = &[
    Reply {
        status: "4.7.500 (other or undefined security status)",
        category: "policy-related",
        text: "451 4.7.500 Server busy. Please try again later from [{ip}]. (AS77712344) [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
    },
    Reply {
        status: "4.3.2 (system not accepting network messages)",
        category: "other",
        text: "451 4.3.2 Temporary server error. Please try again later ATTR17 [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
    },
];
