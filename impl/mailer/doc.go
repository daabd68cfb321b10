// Package mailer writes mails and hands them to whoever delivers them: Mandrill, an SMTP server or the
// development mailbox.
//
// A mail is of one Kind, and in the language of its user. The words of each kind in each language are in templates/,
// as plain text: the blocks subject, title, lead and details, where there is a link label and note, and facts about the
// request, one a line. Two layouts make the plain text and the HTML of the same words. Facts that strangers can choose,
// such as names and user agents, stay on one line, are escaped in HTML, and never bring a URL of their own into a mail.
//
// A Mailer sends one mail per call and is safe for concurrent use. An error that is ErrRejected is final;
// after any other error, the same mail may be sent again. Errors contain no address, password, API key or
// link.
//
// Storing mails, retries and notifications are the work of package impl.
package mailer
