"""Replies in the manner of the large providers and of the common servers, a line each: what each means.

Their codes are read from the text, as those of a diagnostic are.
"""

from emailgw.bounce.report import Reason

PROVIDERS: dict[Reason, str] = {
    Reason.USER_UNKNOWN: """
    550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). \
    [BN8NAM12FT010.eop-nam12.prod.protection.outlook.com]
    550 5.4.1 Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors \
    [X.namprd01.prod.outlook.com]
    550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
    550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found
    554 delivery error: dd This user doesn't have a yahoo.com account (a@x.example) [0] - \
    mta1234.mail.bf1.yahoo.com
    554 delivery error: dd Not a valid recipient - atlas.mail.yahoo.com
    550 5.1.1 unknown or illegal alias: a@x.example
    550 Requested action not taken: mailbox unavailable For explanation visit \
    https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=hi
    550 5.1.1 user unknown tosa@t-online.de
    550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_418 [418]
    550 5.1.1 <a@free.fr>: Recipient address rejected: User unknown in virtual mailbox table free.fr
    550 RCPT TO:<a@x.example> User unknown - smtp-15.iol.local libero
    550 5.7.1 No such user!; 1696840000-xyz yandex
    550 Message was not accepted -- invalid mailbox. Local mailbox a@x.example is unavailable: user not found
    550 Message was not accepted -- invalid mailbox. Local mailbox a@x.example is unavailable: user is terminated
    550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728
    550 User not found: a@x.example 163 smtp
    550 5.1.1 Recipient address rejected: 5.1.1 <a@x.example> ... User unknown naver xyz - nsmtp
    550 5.1.1 Not our Customer comcast
    550 5.1.1 <a@x.example> recipient rejected  CXURTI no such user
    550 5.1.1 User Unknown pphosted
    550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [abc]
    550 #5.1.0 Address rejected.
    550 #5.1.0 Address rejected a@x.example
    550 unknown user
    550 No Such User Here
    550 No such user here'
    550 5.1.1 <a@x.example>: Recipient address rejected: User unknown in local recipient table
    550 5.1.1 <a@x.example>: Recipient address rejected: User unknown in relay recipient table
    450 4.1.1 <a@x.example>: Recipient address rejected: unverified address: host said
    550 5.1.0 <a@x.example>: Recipient address rejected: undeliverable address: host mx said: 550 no
    550 5.1.1 <a@x.example>... User unknown
    553 5.3.0 <a@x.example>... No such user here
    550 5.1.1 sorry, no mailbox here by that name. (#5.1.1)
    511 sorry, no mailbox here by that name (#5.1.1 - chkuser)
    Sorry, no mailbox here by that name. vpopmail (#5.1.1)
    550 5.1.1 Invalid recipient: <a@x.example> opensmtpd
    550 Invalid recipient
    524 5.2.4 Mailing list expansion failure opensmtpd
    550 5.1.6 recipient no longer on server: a@x.example
    550 5.1.6 The user has moved to another address
    551 5.1.6 User has moved; please try <b@x.example>
    550 5.1.1 Employee no longer with the company
    550 No mailbox by that name is currently available
    550 5.1.1 Mailbox 'a' does not exist
    550 Address not present in directory
    550 5.1.1 recipient <a@x.example> is not a valid mailbox
    550 RCPT TO address is not a known local recipient
    550 That address is unknown
    550 <a@x.example>: not a valid local user
    550 user a@x.example does not exist on this server
    550 Cannot find user
    550 Couldn't find the mailbox you requested
    550 no valid recipients
    550 There is no user by the name a here
    550 Recipient does not exist here
    """,
    Reason.MAILBOX_FULL: """
    452 4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to \
    https://support.google.com/mail/?p=OverQuotaTemp - gsmtp
    552 5.2.2 The recipient's inbox is out of storage space and inactive. Please direct the recipient to
    554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException; Failed to process message due to \
    a permanent exception with message The message for mailbox exceeded the storage quota.
    552 5.2.2 over quota; user over quota icloud
    552 Requested mail action aborted: exceeded storage allocation For explanation visit https://postmaster.web.de
    552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR204_417 [417]
    552 RCPT TO:<a@x.example> Mailbox disk quota exceeded
    552 Quota exceeded 163 user over quota
    552 5.2.2 <a@x.example>: mailbox over quota - nsmtp
    550 Mailbox quota exceeded / maildir over quota
    552 <a@x.example> mailbox is full (MTA-imposed quota exceeded while writing to file /mail/x)
    552-5.2.2 user is over quota
    The user's mailbox is over quota. / user is over quota - Recipient's mailbox is full, message returned to \
    sender. (#5.2.2)
    552 Mailbox limit exceeded for this email address
    550 user has exceeded mailbox space
    452 4.2.2 Storage quota reached
    552 Account storage is full
    554 5.2.2 The recipient mailbox has exceeded its limit
    452 4.1.1 mailbox temporarily full
    550 Sorry, the recipient's mailbox has no free space
    552 5.2.2 Disk quota exceeded
    422 The recipient's mailbox is over its storage limit
    550 Mailbox is filled to capacity
    550 4.2.2 user mailbox exceeded the maximum number of messages
    552 Mail quota exceeded
    522 mailbox size limit reached
    """,
    Reason.USER_DISABLED: """
    550 5.2.1 The email account that you tried to reach is inactive. For more information, go to \
    https://support.google.com/mail/?p=DisabledUser
    554 delivery error: dd Sorry, your message to a@x.example cannot be delivered. This account has been \
    disabled or discontinued [#102]. - mta.yahoo.com
    550 5.5.0 Le compte destinataire est bloque suite a inactivite. Recipient account blocked for inactivity \
    OFR_413 [413]
    550 RCPT TO:<a@x.example> Mailbox disabled for user unknown or inactive
    550 a@x.example mailbox disabled due to inactivity
    550 5.2.1 Mailbox disabled yandex
    550 Message was not accepted -- invalid mailbox. Local mailbox a@x.example is unavailable: account is disabled
    550 5.2.1 Mailbox unavailable. Account disabled
    550 This account has been suspended due to non-payment
    550 5.2.1 user account locked
    """,
    Reason.HOST_UNKNOWN: """
    550 5.4.310 DNS domain example.net does not exist [Message=InfoDomainNonexistent]
    550 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain
    450 4.1.2 <a@x.example>: Recipient address rejected: Domain not found
    550 5.1.2 <a@x.example>... Host unknown (Name server: x.example: host not found)
    Sorry, I couldn't find any host named x.example. (#5.1.2)
    550 5.1.2 bad destination system: no such domain
    553 Domain has no MX or A record
    556 5.1.10 Recipient address has null MX
    521 5.3.2 Host does not accept mail
    """,
    Reason.SIZE: """
    552 5.3.4 Your message exceeded Google's message size limits. Please visit
    550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient
    550 5.3.4 ROUTING.SizeLimit; message size exceeds fixed maximum size for route
    550 5.7.1 RESOLVER.RST.SendSizeLimit.Org; message too large for this organization
    552 Message size exceeds fixed maximum message size set comcast
    552 #5.3.4 message size exceeds limit
    552 message size exceeds maximum permitted
    552 5.3.4 Error: message file too big
    552 5.3.4 Message size exceeds fixed limit
    552 sorry, that message size exceeds my databytes limit (#5.3.4)
    552 5.3.4 Message too big for system
    523 5.2.3 the message size exceeds the recipient's size limit
    """,
    Reason.SPAM: """
    550 5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of \
    spam sent to Gmail, this message has been blocked.
    550 5.1.8 Access denied, bad outbound sender AS(42004)
    554 5.7.1 : (HVU:B1) http://postmaster.info.aol.com/errors/554hvub1.html
    550 5.7.1 Mail rejete. Mail rejected. ofr_506 [506]
    550 spam detected free.fr
    554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1696840000-abc
    550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=x or report details to \
    a@x.example
    550 Mail content denied [MRE+/e3 IP: 192.0.2.1]. http://service.mail.qq.com
    554 DT:SPM 163 smtp1,abc,123 http://mail.163.com/help/help_spam_16.htm?ip=
    550 MI:SPB 163 mx
    554 5.7.1 Spam message blocked. AUP#CXSNDR cox
    550 5.7.1 Message blocked by proofpoint - spam content
    550 permanent failure for one or more recipients (a@x.example:550 5.7.1 spam)
    554 5.7.1 Message blocked by Sophos: spam
    554 5.7.1 Spam message rejected
    550 This message was classified as SPAM and may not be delivered (rspamd)
    550 Blocked by SpamAssassin
    554 5.7.1 spam score 15.2 exceeds threshold
    """,
    Reason.POLICY: """
    550 5.7.29 Your email has been blocked because the message was not sent over a TLS connection.
    552 5.7.0 This message was blocked because its content presents a potential security issue. Please visit
    550 5.7.1 RESOLVER.RST.AuthRequired; authentication required
    550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized
    550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy
    550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction \
    check failed because the sender was not authenticated when sending to this group
    550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized
    550 5.7.64 TenantAttribution; Relay Access Denied
    550 5.1.7 Invalid sender address
    550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds, which cannot be sent via DATA \
    and receiving system does not support BDAT
    554 Email rejected due to security policies - MCSpamSignature.x.1
    550 Rejected by header based Anti-Spoofing policy: a@x.example - https://community.mimecast.com
    550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550
    554 5.7.1 Message bounced by administrator
    550 Sender verify failed
    550-Verification failed for <a@x.example> 550-Called: 192.0.2.1 550-Response: 550 unknown user
    550 Administrative prohibition
    550 relay not permitted
    550-Please turn on SMTP Authentication in your mail client. 550-mail.example.com is not permitted to relay \
    through this server without authentication.
    450 4.1.8 <a@x.example>: Sender address rejected: Domain not found
    554 5.7.1 <a@x.example>: Relay access denied
    454 4.7.1 <a@x.example>: Relay access denied
    550 5.7.1 <a@x.example>... Relaying denied. IP name lookup failed
    553 5.1.8 <a@x.example>... Domain of sender address a@x.example does not exist
    501 5.1.8 <a@x.example>... Sender domain must exist
    553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
    553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)
    571 sorry, sender MX must exist (chkuser)
    TLS is required, but was not offered by host
    454 4.7.0 TLS not available due to local problem
    530 5.7.0 Must issue a STARTTLS command first
    550 5.7.10 Encryption needed
    523 5.7.10 Encryption Needed
    550 5.7.4 require tls support required
    550 5.7.1 Message contains a virus
    554 5.7.1 This e-mail contained malware: Eicar-Test-Signature
    550 5.7.1 attachment type .exe is not permitted
    """,
    Reason.REPUTATION: """
    550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service \
    provider since part of their network is on our block list (S3140).
    550 SC-001 (COL004-MC1F1) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your Internet \
    service provider since part of their network is on our block list.
    550 OU-002 Mail rejected by Outlook.com for policy reasons. Reasons for rejection may be related to content \
    with spam-like characteristics or IP/domain reputation.
    451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail \
    delivery information, see https://postmaster.live.com (S775)
    550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal from this list please forward this \
    message to a@x.example.
    550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit \
    https://sender.office.com/
    550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. For more information \
    please go to
    421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints \
    - 4.16.55.1; see
    553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see
    553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. See
    421 4.7.1 [TSS03] All messages from 192.0.2.1 will be permanently deferred
    554 5.7.1 : (DYN:T1) https://postmaster.aol.com/error-codes#554dynt1
    421 4.7.1 : (RTR:DU) Dynamic IP addresses are not accepted
    421 Requested action aborted: local error in processing. Bad reputation IP
    554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to \
    clarify.) (BL)
    554 IP=192.0.2.1 - Dialup/transfer rejected. (Ask your postmaster for help or to contact tosa@rx.t-online.de)
    554 IP=192.0.2.1 - None/bad reputation. Ask your postmaster for help or to contact tobr@rx.t-online.de for \
    reset. (NOWL)
    550 mail not accepted from blacklisted IP address [192.0.2.1] LPN007_405
    550 Access from ip address 192.0.2.1 blocked. Visit http://win.mail.ru/cgi-bin/support_bl?ip=1
    550 IP in blacklist qq [zZ123] http://service.mail.qq.com
    554 IP is rejected, MI:BLK 126 com
    421 4.7.0 Your IP blocked from this server nsmtp
    554 resimta-ch2 comcast 192.0.2.1 found on one or more DNSBLs, see \
    http://postmaster.comcast.net/smtp-error-codes.php#BL000001
    421 Reject - try again later comcast BL000010 IP rate limited
    554 cox.net ESMTP server refuses connection from 192.0.2.1 cxbl. Refer to Error Codes section at
    554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1
    550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550
    554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; \
    http://www.barracudanetworks.com/reputation/?pr=1&ip=
    550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro Email Reputation Service. \
    Please see http://www.mail-abuse.com/cgi-bin/lookup?ip_address=
    450 4.7.1 Service temporarily unavailable; Client [192.0.2.1] blocked using Trend Micro RBL+
    554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; Blocked - see \
    http://www.spamcop.net/bl.shtml?
    554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using dnsbl.sorbs.net; Currently Sending \
    Spam See: http://www.sorbs.net/
    550 192.0.2.1 is listed at zen.spamhaus.org, see https://www.spamhaus.org/query/ip/
    550 JunkMail rejected - mail.example.com (x) [192.0.2.1]:5 is in an RBL, see
    550-rejected because 192.0.2.1 is in a black list at b.barracudacentral.org
    554 5.7.1 <example.com>: Helo command rejected: Host not found; blocked dbl
    553 mail rejected by SORBS
    550 Blocked by UCEPROTECT-Level 2
    """,
    Reason.AUTHENTICATION: """
    550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy. Please \
    contact the administrator of example.com domain
    550 5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to \
    authenticate with either SPF or DKIM.
    421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message.
    550 5.7.27 Your email has been blocked because SPF authentication didn't pass
    550-5.7.25 The IP address sending this message does not have a PTR record setup, or the corresponding \
    forward DNS entry does not match the sending IP.
    550 5.7.30 Your email has been blocked because DKIM authentication didn't pass
    550 5.7.40 The message was rejected because none of its ARC seals pass
    550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level.
    550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification and has a DMARC \
    policy of reject.
    554 5.7.9 Message not accepted for policy reasons. Rejected due to DMARC
    550 5.7.509 Email rejected per DMARC policy for yahoo.com
    550 5.7.0 blocked: SPF fail iCloud
    550 gmx.net: Requested action not taken: Bad DNS PTR resource record
    550 Message was not accepted -- DMARC policy reject mail.ru
    550 SPF check failed qq. http://service.mail.qq.com
    421 Comcast requires that all mail servers must have a PTR record with a valid Reverse DNS entry. Currently \
    your mail server does not fill that requirement. PT000001
    554 cox too many... CXDNS no rDNS entry
    450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]
    450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]
    553 sorry, your mail was administratively denied. (#5.7.1) no reverse DNS
    550 5.7.1 SPF unauthorized mail is prohibited
    550 5.7.23 SPF validation failed
    554 5.7.5 Permanent error evaluating DMARC policy
    550 5.7.20 No passing DKIM signature found
    """,
    Reason.RATE_LIMIT: """
    450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a \
    later time.
    421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your SPF domain. To \
    protect our users from spam, mail sent from your domain has been temporarily rate limited.
    421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address. To \
    protect our users from spam, mail sent from your IP address has been temporarily blocked.
    550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to
    452 4.5.3 Your message has too many recipients. For more information regarding Google's sending limits, \
    please visit
    421 RP-001 (COL004) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try again. We have \
    limits for how many messages can be sent per hour and per day.
    421 RP-002 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed on this \
    connection.
    451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3115)
    550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
    451 4.7.1 [RL01] Message temporarily deferred due to rate limit
    421 4.7.0 rx.t-online.de too many connections from your host
    421 Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR005_104 Too many \
    connections, slow down
    451 too many errors from your ip (192.0.2.1), please visit http://postmaster.free.fr/
    421 rate limit exceeded for ip 192.0.2.1 mail.ru, try again later
    550 Connection frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1
    550 Sender frequency limited qq
    451 MI:SFQ 163 mx http://mail.163.com
    421 HL:ICC 163 too many concurrent connections
    450 MI:CEL 163 connection exceeded limit
    452 Too many emails sent on this session - try again later
    421 4.7.1 - 192.0.2.1 connection refused - too many connections CXCNCT
    452 #4.5.3 Too many recipients
    421 #4.4.5 Too many connections from your host.
    421 #4.4.5 Too many TLS sessions at this time
    450 Domain has exceeded the max emails per hour allowed. Message discarded.
    """,
    Reason.GREYLISTED: """
    451 Recipient server unavailable or busy greylisting - mimecast
    451 4.7.1 Try again later greylist.expire rspamd
    451 4.7.1 Greylisting in action, please come back later
    450 4.2.0 <a@x.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/x.html
    """,
    Reason.NETWORK: """
    550 5.4.6 ROUTING.LoopDetected; mail loop detected
    550 5.4.14 Hop count exceeded - possible mail loop
    550 5.4.316 Message expired, connection refused(Socket error code 10061)
    451 4.4.0 DNS query failed. The error was: SMTPSEND.DNS.ServerFailure
    441 4.4.1 Error communicating with target host: 'Failed to connect. Winsock error code: 10060, Win32 error \
    code: 10060.'
    all hosts failing: connection refused
    H=mx.x.example [192.0.2.1] Connection timed out
    421 4.4.2 mx.example.com Error: timeout exceeded
    Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)
    I'm not going to try again; this message has been in the queue too long. CNAME lookup failed temporarily
    This message is looping: it already has my Delivered-To line. (#5.4.6)
    DNS Error: 5678 DNS type 'mx' lookup of x.example responded with code SERVFAIL
    The recipient server did not accept our requests to connect. [mx.x.example 192.0.2.1: timed out]
    """,
    Reason.EXPIRED: """
    550 4.4.7 QUEUE.Expired; message expired
    Message could not be delivered for 5 days
    I'm not going to try again; this message has been in the queue too long.
    4.4.7 Delivery time expired
    5.4.7 Message delivery expired
    Unable to deliver message after multiple retries, giving up.
    """,
    Reason.SYSTEM: """
    421 4.3.0 Temporary System Problem. Try again later.
    454 4.5.0 SMTP protocol violation, no commands allowed to pipeline after STARTTLS
    432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded
    432 4.3.2 STOREDRV; mailbox server is offline
    452 4.3.1 Insufficient system resources
    451 4.7.0 Temporary server error. Please try again later. PRX5
    451 4.3.2 Internal error reading data
    451 mta1 Resources temporarily not available - Please try again later [#4.16.5].
    421 #4.3.2 no slots available
    554 #5.3.0 message contains... bounced by destination server with: 5.x.0 - Message bounced by administrator
    451 Temporary local problem - please try later
    421 Unexpected failure, please try later
    451 4.3.5 Server configuration error
    451 4.3.0 Error: queue file write error
    452 4.4.5 Insufficient disk space; try again later
    451 4.0.0 I/O error
    554 5.3.0 unknown mailer error 1
    421 4.3.0 Temporary Error opensmtpd
    421 4.3.2 All server ports are busy
    451 4.3.0 Mail server temporarily rejected message
    451 Requested action aborted: local error in processing
    452 Requested action not taken: insufficient system storage
    421 Service not available, closing channel
    500 5.5.1 Command unrecognized
    """,
}
