"""What servers say when the recipient, or the recipient's domain, is the cause."""

from emailgw.bounce.report import Reason

MAILBOX_FULL = (
    Reason.MAILBOX_FULL,
    """
    mailbox full | mailbox is full | mailbox exceeded | mailbox exceeds | mailbox size limit | mailbox quota
    mailbox has exceeded
    mailbox too large | mailbox would exceed | mailbox over quota | mailbox is over | mailbox storage
    mail box full | mail box is full | mail box space | mailfolder is full | mail folder is full | inbox is full
    inbox full | over quota | overquota | over-quota | over the quota | over its quota | over their quota
    over his quota | over disk quota | over mail quota | over its disk quota | over the maximum allowed quota
    over the maximum allowed mailbox | over the storage | quota exceed | quota is exceed | quota violation
    quota for & exceed | quota full | quota limit | quota reached | exceeded & quota | exceed & quota
    exceeds & quota | exceeding & quota | beyond & quota | out of quota | disk quota | disc quota | quotaexceeded
    exceeded storage | exceeded their storage | exceeded its storage | exceeded the storage | storage limit
    recipient has no | storage quota | storage allocation | storage space | insufficient disk space for user
    not enough storage space | not enough space in | not enough disk space | does not have enough space
    has run out of space | no space left in mailbox | insufficient space in | space limit exceeded | maildir over
    maildir is full | maildir delivery failed: domaindisk | user is full | account is full | account full
    account is over | account has exceeded | account exceeded | mail quota | email quota | user quota
    too many messages in mailbox | too many messages on this mailbox | message would exceed & quota
    would be over quota | recipient full | recipient's mailbox is full | recipient reached disk
    blocks limit exceeded | inode limit exceeded | mailbox & is full | boxful | mbox is full | mailbox_full
    mailboxfull | mailbox has reached | maximum mailbox size | mapi_e_folder_full | mapiexceptionshutoffquota
    insufficient storage for & recipient | insufficient storage for & user | space not enough | not enough space
    not enough room | no room left | lack of space | has too much mail
    storagequota | exceptionshutoffquota | is out of storage | out of storage space | full mailbox
    """,
)

USER_DISABLED = (
    Reason.USER_DISABLED,
    """
    account disabled | account is disabled | account has been disabled | account inactive | account is inactive
    account suspended | account is suspended | account has been suspended | account expired | account is locked
    account locked | account has been locked | account is not active | account not active | account is temporarily
    account that you tried to reach is disabled | account that you tried to reach is inactive | account closed
    account has been closed | account is closed | account deactivated | account has been deactivated
    account is blocked | account blocked | account has been blocked | account frozen | account is frozen
    mailbox disabled | mailbox is disabled | mailbox has been disabled | mailbox inactive | mailbox is inactive
    mailbox suspended | mailbox is suspended | mailbox locked | mailbox is locked | mailbox is frozen
    mailbox frozen | mailbox is blocked | mailbox has been blocked | mailbox & due to inactivity | mailbox blocked
    mailbox deactivated | mailbox is deactivated
    mailbox currently | mailbox closed | mailbox is closed | mailbox not active | mailbox expired | user disabled
    user is disabled | user inactive | user is inactive | user suspended | user is suspended
    user has been suspended | user locked | user is locked | user not active | user account is disabled
    user is not active | user deactivated | user account is expired | user temporarily disabled
    recipient is disabled | recipient disabled | recipient suspended | recipient is suspended | recipient inactive
    recipient is inactive | recipient account is | recipient has been disabled | disabled recipient
    inactive recipient | inactive user | inactive account | disabled account | suspended account | suspended user
    email address is disabled | address disabled | address is disabled | address has been disabled
    email account disabled | inactive and has been disabled | disabled or discontinued | disabled mailbox
    disabled user | deactivated mailbox | deactivated account | is a deactivated | domain is disabled
    domain suspended | domain has been suspended | currently suspended | temporarily suspended user
    out of service | not in service | extended inactivity | disabled due to inactivity | account is under
    not logged in | not allowed to receive | not permitted to receive | not authorized to receive
    may not receive mail
    """,
)

HOST_UNKNOWN = (
    Reason.HOST_UNKNOWN,
    """
    host unknown | host does not exist | unknown host | domain & does not exist | domain & doesn't exist
    host not found
    hostname not found | host name not found | domain not found
    unknown domain | domain unknown | no such domain | no such host | domain does not exist | domain doesn't exist
    domain name not found | name server: & host not found | domain name does not exist
    host or domain name not found | nonexistent domain | non-existent domain | non-existent host
    nonexistent host | nxdomain | couldn't find any host | couldn't find host | could not find host
    cannot find host | can't find host | couldn't find any mail exchanger | could not find any mail exchanger
    couldn't find a mail exchanger | no mx or a | no mx found | no mx record | no mail exchanger | no valid mx
    no mx host | mx record & not | no a record | null mx | nullmx | does not accept mail | doesn't accept mail
    does not receive mail | unrouteable mail domain | unroutable mail domain | unrouteable domain
    unroutable domain | unrouteable host | unknown mail host | all host address lookups failed permanently
    all relevant mx records point to non-existent hosts | lowest numbered mx record points to local host
    mx points to | bad destination system | bad destination host | bad destination mailbox domain
    domain is not reachable | domain not reachable | illegal host/domain | invalid domain name & recipient
    address is invalid & domain | domain has expired | domain expired | domain owner has changed
    domain does not accept | recipient domain does not | system not accepting network messages
    name or service not known | no address associated with | server for the domain was not found
    unable to resolve & domain | hostname lookup failed | unknownhostexception | no such domain name | no dns
    name does not exist | not a valid domain | invalid domain | isn't in my control/locals | is not in my control
    mail server not found | site not found | error looking up & domain | domain isn't | domain has no
    domain you are trying to contact | no mail servers appear | unknown destination domain
    """,
)

USER_UNKNOWN = (
    Reason.USER_UNKNOWN,
    """
    user unknown | unknown user | user is unknown | user not found | user not known | user unkown | no such user
    account has been removed | account has been deleted | account was deleted | account deleted
    mailbox has been removed | mailbox has been deleted | mailbox was deleted | mailbox deleted
    address has been removed | address has been deleted | address was deleted | address deleted
    user has been removed | user has been deleted | user was deleted | user deleted
    former employee | left the company | no record of | no such address | no such mailbox | no such account
    no such recipient | no such person | no such email
    no such mail | no such local | no such alias | no such id | no such domain user | nosuchuser
    user does not exist | user doesn't exist | user not exist | user don't exist | user dose not exist
    no user by that name | doesn't have a & account | does not have a & account | doesn't have an account
    does not have an account | no account by that name | no account here | mailbox does not exist
    mailbox doesn't exist | mailbox not found | mailbox unknown | unknown mailbox | invalid mailbox
    bad destination mailbox | mailbox not exist | mailbox not available | mailbox unavailable
    mailbox is unavailable | no mailbox | not a valid mailbox | mailbox non-existent | mailbox invalid
    bad mailbox | recipient unknown | receiver not found | invalid receiver | unknown receiver | receiver unknown
    unknown recipient | recipient not found | recipient does not exist
    recipient doesn't exist | invalid recipient | recipient invalid | recipient not exist | recipient is unknown
    no valid recipient | not a valid recipient | recipient no longer | recipient address does not
    recipient not known | recipient not recognized | recipient name is not recognized | unrecognized recipient
    recipient is not recognized | bad recipient | recipient not on | recipient undeliverable
    recipient address unknown | recipient is not exist | recipnotfound | x-unix; 67 | recipientnotfound
    recipient not valid
    nonexistent recipient | non-existent recipient | address does not exist | address doesn't exist
    address not found | address unknown | unknown address | invalid address | address invalid | address is invalid
    address not exist | addresses were unknown | address no longer | address not present | address isn't
    bad address | undeliverable address | bad destination
    address not listed | no longer valid | not a valid address | address is not valid | email address is not
    email address could not be found | address couldn't be found | address wasn't found | wasn't found at
    couldn't be found | invalid e-mail address | invalid email address | no longer in use | no longer available
    no longer exists | no longer with | no longer work | no longer an employee | does not work here | invalid user
    user invalid | illegal user | bad user | bad username | user name not | username not | unknown username
    not a known user | not a valid user | not a user | not our customer | not known here | not known at this
    is not a user | isn't a user | no one by that name | nobody by that name | no matches to | not in directory
    not in address book | not in our | name not found | name is not found | unknown local | local part unknown
    unknown local-part | unknown account | account unknown | account not found | account does not exist
    account doesn't exist | account that you tried to reach does not exist
    email account that you tried to reach does not | account is not available | account is unavailable
    unknown or illegal alias | unknown alias | mailbox & does not exist | user & does not exist | user & unknown
    user & not found | this address no longer | this user doesn't have | this user doesn't exist
    this user does not have | this user does not exist | here by that name
    unknown user account | user_unknown | userunknown | has moved | user moved | destination address does not
    destination user | delivery to this address is not | dosn't exist | unknownrecipient
    not found by smtp address lookup | resolver.adr | failed to deliver to list of recipients
    """,
)
