"""The phrase table in other languages; see the package."""

from emailgw.bounce.report import Reason

ABROAD = (
    (
        Reason.MAILBOX_FULL,
        """
    postfach voll | postfach ist voll | postfach des empfangers ist voll | mailbox voll | mailbox ist voll
    quota uberschritten | postfachgroße | speicherplatz | postvak is vol | mailbox is vol | postlada & full
    innboksen er full | postkassen er fuld | boite pleine | boite aux lettres pleine
    boite aux lettres & pleine | boite & pleine | quota depasse | depasse & quota | casella piena
    casella & piena | spazio esaurito | buzon lleno | buzon & lleno | cuota excedida | cuota & excedid
    caixa cheia | caixa postal cheia | caixa & cheia | caixa de correio & cheia | cota excedida
    ящик переполнен | ящик & переполнен | почтовыи ящик переполнен | превышен & квот | skrzynka & pelna
    skrzynka jest pelna | schranka & plna | メールボックスがいっぱい | メールボックス & いっぱい
    メールボックス & 一杯 | メールボックス & 満杯 | 受信できる容量 | 容量を超え | 容量が超 | 容量オーバー
    メールボックスの容量 | 邮箱已满 | 邮箱空间
    信箱已满 | 容量不足 | 空间不足 | 邮箱容量 | 郵箱已滿 | 信箱已滿 | 용량 | 사서함이 꽉
    """,
    ),
    (
        Reason.SIZE,
        """
    nachricht zu groß | nachricht ist zu groß | zu groß | message trop volumineux | trop volumineux
    taille maxim | taille du message | messaggio troppo grande | troppo grande | dimensione massima
    mensaje demasiado grande | demasiado grande | tamano maximo | muito grande | tamanho maximo | слишком большо
    размер сообщения | サイズが大き | サイズ制限 | サイズを超 | 邮件过大 | 邮件大小 | 超过大小
    """,
    ),
    (
        Reason.USER_DISABLED,
        """
    konto ist gesperrt | konto gesperrt | postfach gesperrt | postfach ist gesperrt | postfach deaktiviert
    compte & bloque | compte desactive | compte & desactive | compte suspendu | compte inactif | compte ferme
    cuenta desactivada | cuenta suspendida | cuenta & desactivada | cuenta deshabilitada | account disattivato
    casella disabilitata | casella disattivata | casella sospesa | conta desativada | conta suspensa
    conta inativa | заблокирован | отключен | konto zablokowane | konto zostalo zablokowane | 无效用户或已停用
    账号已停用
    账户被禁用 | 邮箱已被禁用 | アカウントは無効 | 利用停止
    """,
    ),
    (
        Reason.HOST_UNKNOWN,
        """
    domain existiert nicht | domain unbekannt | unbekannte domain | unbekannter host | host unbekannt
    rechner unbekannt | domaine inconnu | domaine n'existe pas | hote inconnu | dominio inesistente
    dominio sconosciuto | dominio no existe | dominio desconocido | dominio inexistente | dominio nao existe
    домен не существует | домен не найден | домен & не | ドメインが存在しません | ドメインが見つかりません
    ホストが見つかりません | 域名不存在 | 找不到域
    域名解析 | 主机不存在 | domaine & introuvable
    """,
    ),
    (
        Reason.SPAM,
        """
    als werbung | nach werbung | als spam | spam-verdacht | spamverdacht | mail rejete | indesirable
    posta indesiderata | correo no deseado
    correo basura | спам | нежелательн | 迷惑メール | 垃圾邮件 | 垃圾郵件 | 스팸
    """,
    ),
    (
        Reason.RATE_LIMIT,
        """
    verbindungen pro | connexions par | conexiones por | trop de connexions | trop de messages
    trop de destinataires | zu viele verbindungen | zu viele nachrichten
    demasiadas conexiones | demasiados mensajes | troppe connessioni | muitas conexoes | слишком много
    连接过多
    频率过高 | 发送频率 | 接続数
    """,
    ),
    (
        Reason.REPUTATION,
        """
    adresse ip source bloquee | ip bloquee | auf einer sperrliste | schwarzen liste | schwarze liste
    auf der blackliste | liste noire | lista negra | lista nera | черн & списк | 黑名单 | ブラックリスト
    """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
    empfanger unbekannt | empfaenger unbekannt | unbekannter empfanger | unbekannter empfaenger
    empfanger existiert nicht | empfangeradresse | benutzer unbekannt | unbekannter benutzer
    benutzer existiert nicht | adresse unbekannt | unbekannte adresse | adresse existiert nicht
    adresse nicht gefunden | existiert nicht | nicht bekannt | keine mailbox | kein postfach
    mailbox existiert nicht | ungultige adresse | ungultiger empfanger | nicht gefunden | onbekende gebruiker
    gebruiker onbekend | bestaat niet | finns inte | finnes ikke | findes ikke | okand anvandare
    okand mottagare | utilisateur inconnu | destinataire inconnu | destinataire invalide
    destinataire & invalide | destinataire & inexistant | adresse inconnue | adresse invalide
    adresse inexistante | n'existe pas | compte inconnu | inconnu a cette adresse | non recense | introuvable
    boite inexistante | utente sconosciuto | utente inesistente | destinatario sconosciuto
    destinatario inesistente | indirizzo inesistente | indirizzo sconosciuto | non esiste | non e valido
    indirizzo non valido | casella inesistente | usuario desconocido | usuario no existe | usuario inexistente
    destinatario desconocido | destinatario no existe | direccion no existe | direccion desconocida | no existe
    no encontrado | no se encontro | cuenta inexistente | buzon inexistente | usuario desconhecido
    destinatario desconhecido | nao existe | endereco invalido | endereco inexistente | conta inexistente
    nao encontrado | usuario invalido | nao foi encontrad | пользователь не наиден | не существует | не наиден
    неизвестныи пользователь | пользователь неизвестен | нет такого пользователя | несуществующ | адрес не
    nieznany uzytkownik | uzytkownik nieznany | nie istnieje | brak takiego uzytkownika | neexistuje
    neznamy uzivatel | bulunamadi | gecersiz adres | kullanici yok | nem letezik | ismeretlen | ei ole olemassa
    tuntematon | ユーザーが存在しません | ユーザが存在しません | 存在しません | 宛先不明 | あて先不明
    宛先が見つかりません | メールアドレスが見つかりません | 見つかりませんでした
    見つかりません | 不明なユーザ | アドレスが間違 | 用户不存在 | 用戶不存在 | 收件人不存在 | 地址不存在
    账号不存在 | 帐号不存在 | 帐户不存在 | 邮箱不存在 | 找不到收件人 | 不存在
    查无此人 | 無此帳號 | 查無此 | 找不到 | 사용자를 찾을 수 없 | 존재하지 않 | 없는 사용자 | 수신자를 찾을
    """,
    ),
    (
        Reason.NETWORK,
        """
    zeituberschreitung | verbindung abgelehnt | verbindung fehlgeschlagen | nicht erreichbar | connexion refusee
    delai depasse | delai d'attente | connessione rifiutata | tempo scaduto | conexion rechazada
    tiempo de espera | tempo limite | conexao recusada | время ожидания | соединение | タイムアウト
    接続できません | 接続に失敗
    连接超时 | 连接失败 | 无法连接 | 超时
    """,
    ),
)
