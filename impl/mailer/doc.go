// Package mailer writes mails and hands them to whoever delivers them: Mandrill, an SMTP server or the
// development mailbox.
//
// A mail is of one Kind. Each kind has a template in templates/ with the blocks subject, text and html;
// templates/layout.tmpl surrounds every HTML body. Facts that strangers can choose, such as names and user
// agents, stay on one line of the text, are escaped in HTML, and never bring a URL of their own into a mail.
//
// A Mailer sends one mail per call and is safe for concurrent use. An error that is ErrRejected is final;
// after any other error, the same mail may be sent again. Errors contain no address, password, API key or
// link.
//
// Storing mails, retries and notifications are the work of package impl.
package mailer
