"""What is said of what: for wordings that no phrase of the table foresees, in the languages of the world.

Each entry is (reason, subjects, what is said of them): it holds when one of each stands within a few words of the
other, in either order ("no such person", "the addressee could not be found"). Words are compared whole, folded, or up
to a `*`; `not` joins a negation to the words right behind it, `_` stands between the words of one expression. Asked
after the phrase table and before the codes. The one
whose words stand nearest wins, of several the first.
"""

from emailgw.bounce.report import Reason

_PERSON = """
    user* recipient* mailbox* account* addressee* address adress* username alias* login subscriber customer person
    inbox email-address e-mail-adresse addresses
    empfanger* empfaenger* benutzer* postfach* konto nutzer* adressat* utilisateur destinataire* boite compte abonne
    usuario* destinatari* buzon cuenta direccion utente casella indirizzo utenza conta caixa endereco
    e-mailadres* adres emailadres* mailadres* e-postadress* e-mailadresse* mailadresse* geadresseerde*
    gebruiker* ontvanger* postvak postbus mottagare* mottaker* modtager* anvandare* bruker* bruger* vastaanottaja*
    kayttaja* uzytkownik* odbiorca* adresat* skrzynk* uzivatel* prijemce* pouzivatel* schrank* primalac korisnik*
    пользовател* получател* адрес* ящик* абонент* аккаунт* користувач* одержувач* скриньк* kullanici* alici*
    felhasznal*
    cimzett* postafiok* destinatarul utilizator*
    παραληπτη* χρηστη*
    mobile_number phone_number subscriber_number adresa cutia contul utilizatorul primatel* prejemnik* uporabnik*
    predal* sanducic* потребител* корисник* примал* сандуч* кутия* usuari* destinatari bustia compte adreca
    inkorg* brevlad* postkasse* postboks* innboks* laatikko* vartotoj* gavej* dezut* paskyr*
    lietotaj* sanemej* pastkast* kasutaja*
    saaja* postkast* aadress* notand* vidtakand* postholf* γραμματοκιβωτι* θυριδα λογαριασμ*
    pengguna penerima akun kotak alamat peti nguoi_nhan nguoi_dung hop_thu tai_khoan dia_chi
    المستخدم مستخدم المستلم مستلم صندوق الحساب حساب العنوان عنوان המשתמש משתמש הנמען נמען תיבת התיבה
    החשבון חשבון הכתובת כתובת کاربر گیرنده صندوق حساب آدرس نشانی
"""
_MESSAGE = """
    message* mail email* e-mail* attachment* letter body content nachricht* anhang* courriel* mensaje* correo
    messaggio*
    mensagem* bericht* meddelande* wiadomosc* zprav* письм* сообщени* вложени* повідомл* ileti* mesaj*
"""
_HOST = "domain* host* hostname* domaine* dominio* domein* domena* домен* domane* alan_adi mx rechner hote"
_SENDING_HOST = """
    ip ip-* host* client* server ips network* country countries connection* isp region address sender_ip mailserver
    absender-ip
    serveur servidor adresse_ip
"""

PAIRS: tuple[tuple[Reason, str, str], ...] = (
    (
        Reason.MAILBOX_FULL,
        _PERSON
        + "quota mailfolder storage disk contingent kontingent kvot* cuota cota kwota kvota квот* speicher* ruimte",
        """
        full filled overfull overquota exceed* over capacity exhausted no_space no_room no_free insufficient_space
        out_of_space too_many_mails storage_limit voll uberfull* uberschritten erschopft ausgeschopft plein* sature*
        depasse* llen* excedid* supera* pien* esaurit* superat* chei* lotad* vol overschreden full* tayn* peln*
        przepeln*
        przekrocz* pln* preplnen* prekroc* переполн* заполн* превыш* переповн* dolu dolmus asildi megtelt betelt plin
        zu_viele_mails zuviele_mails γεματο
        beyond allot* penuh stuffed satur* atingi* agotad* aufgebraucht исчерпан* melebihi da_day het_dung_luong
        vuot_qua plena ple plina fyldt fylt opbrugt pun puna puno
        popunjen* poln* pilna* virsyt* parsniegt* tais taitunud uletatud taynna ylitt* πληρ* γεματ* υπερβ* нет_места
        няма_място пълна ممتلئ ممتلئة ممتلىء تجاوز תיבה_מלאה מלאה מלא חרגה חרג پر تکمیل
        """,
    ),
    (
        Reason.USER_DISABLED,
        _PERSON,
        """
        disabled deactivat* on_hold banned suspend* inactiv* dormant locked frozen closed terminated discontinued
        expired cancelled
        canceled not_active not_activated not_enabled blocked_due deaktiv* gesperrt* stillgelegt gekundigt abgelaufen
        geschlossen desactiv* suspendu* bloque* ferme* resilie* desactivad* suspendid* bloquead* deshabilitad*
        cancelad* inativ* desativad* disattivat* sospes* bloccat* disabilitat* scadut* geblokkeerd* uitgeschakeld*
        gesloten inaktiv* avstangd* sparret deaktywow* zablokow* nieaktywn* zablokovan* zrusen* neaktivn* заблокир*
        отключ*
        неактив* удален* заблокован* devre_disi pasif kapatil*
        archived retired shut_down switched_off lapsed приостановлен* geloscht* supprime* eliminad* cancellat*
        verwijderd
        usuniet* smazan* raderat* slettet dezactivat* suspendat* blocat* onemogucen* deaktiviran* blokiran*
        onemogocen* zaklenjen*
        деактивиран* блокиран* desactiva* bloqueja* suspes* απενεργοποιημεν* κλειδωμεν* dinonaktifkan diblokir
        ditangguhkan bi_khoa bi_vo_hieu_hoa معطل معطلة موقوف محظور מושבת מושבתת חסום חסומה غیرفعال מוקפא
        """,
    ),
    (
        Reason.USER_UNKNOWN,
        _PERSON + "employee mitarbeiter* directory database kunde user-id userid rcpt local-part",
        """
        unknown nonexist* non-exist* inexist* undefined unrecogni* invalid incorrect not_found not_be_found not_exist
        not_exists not_known not_valid not_recogni* not_listed not_local not_registered not_present not_defined
        not_a_user not_configured no_such no_longer cannot_find could_not_find couldn't_find can't_find not_find
        unable_to_find
        doesn't_exist doesnt_exist no_record bogus not_in_our not_in_my not_in_table not_in_directory not_on_this
        purged cannot_be_verified mistyped
        misspelled does_not_have not_our
        non_existent not_appear* has_left have_left
        left_the not_a_valid not_a_user not_a_known nobody no_one no_user no_mailbox no_recipient no_account
        there_is_no no_known
        unbekannt* nicht_gefunden nicht_bekannt nicht_vorhanden existiert_nicht ungultig* nicht_existent nicht_mehr
        nicht_existier* kein_gultiger nicht_ermittelt falsch* existiert_hier_nicht uns_nicht_bekannt gibt_es_nicht
        inconnu* n'existe* introuvable* invalide* errone* non_trouve* pas_trouve* non_valide* n'est_plus
        desconocid* no_existe no_exista no_encontrad* no_valid* no_se_encontr* incorrect* no_se_ha_encontrado
        no_es_valid*
        desconhecid* nao_existe nao_encontrad* nao_foi_encontrad* invalid* nao_valid*
        sconosciut* non_esiste non_trovat* non_valid* non_e_stato_trovato non_e_valid* non_risulta
        onbekend* bestaat_niet niet_gevonden ongeldig* niet_bekend bestaat_hier_niet bestaat_niet_meer
        okand* finns_inte finnes_ikke findes_ikke ukendt ukjent ogiltig* ugyldig* tuntematon ei_ole ei_loydy
        nieznan* nie_istnieje nie_znalezion* nieprawidlow* neznam* neexist* nenalezen* neplatn* nepostoj*
        неизвест* не_существует не_наиден* несуществ* не_зарегистрирован* недеиствит* невідом* не_існуе не_знаидено
        bulunamadi bulunmuyor gecersiz* bilinmeyen yok ismeretlen nem_letezik nem_talalhato necunoscut* inexistent*
        αγνωστ* δεν_υπαρχει
        not_live* not_reside* not_one_of_our non_presente non_e_presente nao_consta nicht_eingerichtet nicht_angelegt
        non_registrat*
        felaktig* gibt_es_hier_nicht not_be_located no_customer no_client no_subscriber no_employee no_person no_figura
        no_consta no_registrad* no_es_nuestro nu_exista nu_este nu_a_fost_gasit ne_postoji nepostojec* nije_pronaden*
        nepoznat* ne_obstaja neznan* ni_najden* не_постоји непознат* няма_такъв няма_такава не_съществува
        не_е_намерен* невалид* нет_такого такого такои неверн* нема_такого no_existeix desconegu* no_s'ha_trobat
        δεν_βρεθηκε ανυπαρκτ* neegzistuoja nerasta* nezinom* neeksiste nav_atrast* nezinam* ei_eksisteeri ei_leitud
        tundmatu ei_loytyn* ekki_til fannst_ekki tidak_ditemukan tidak_ada tidak_dikenal tidak_valid tidak_sah
        tidak_wujud tidak_terdaftar khong_ton_tai khong_tim_thay khong_hop_le khong_co غير_موجود غير_معروف لا_يوجد
        غير_صالح غير_مسجل לא_קיים לא_קיימת לא_נמצא לא_ידוע לא_מוכר אינו_קיים אינה_קיימת یافت_نشد وجود_ندارد نامعتبر
        ناشناس
        """,
    ),
    (
        Reason.HOST_UNKNOWN,
        _HOST,
        """
        unknown nonexist* non-exist* not_found not_known not_exist doesn't_exist no_such unresolvable not_resolve*
        no_mx nxdomain
        no_mail_service out_of_business
        could_not_be_resolved cannot_resolve couldn't_resolve no_records invalid not_be_found not_hosted parked
        unbekannt*
        existiert_nicht nicht_gefunden nicht_auflos* inconnu* n'existe* introuvable desconocid* no_existe
        no_encontrad*
        inesistente sconosciut* non_esiste inexistente desconhecid* nao_existe nao_encontrad* onbekend bestaat_niet
        okand ukendt ukjent nieznan* nie_istnieje neexist* не_существует не_наиден* неизвест* bulunamadi
        """,
    ),
    (
        Reason.RATE_LIMIT,
        """
        limit* session* rate* frequency quota connections sessions messages mails emails e-mails recipients
        message_limit
        volume concurren* threads
        verbindungen nachrichten connexions messages_recus conexiones mensajes conexoes mensagens connessioni messaggi
        verbindingen berichten anslutningar polaczen wiadomosci spojeni соединени* сообщени* писем baglanti
        """,
        """
        too_many per_hour per_day per_minute hourly daily per_connection concurren* simultaneous rate_limited
        limit_reached too_high
        connection_reached excessive too_fast too_quickly pro_stunde zu_viele zu_schnell trop_de par_heure demasiad*
        por_hora
        por_dia excessiv* muitas muitos troppe troppi all'ora te_veel per_uur for_manga for_mange zbyt_wiele zbyt_duzo
        prilis_mnoho слишком_много в_час cok_fazla
        """,
    ),
    (
        Reason.EXPIRED,
        """
        queue attempt* deliver* message* retry retries try tries zustell* zustellversuch* tentative* intentos
        tentativi
        pogingen forsok
        """,
        """
        expired in_queue_too in_the_queue_too aged lifetime maximum_number no_more_tries gave_up giving_up abandon*
        elapsed
        attempts_exceeded retries_exceeded
        abgelaufen uberschritten expire* delai agotad* caducad* esaurit* scadut* verlopen jours dias giorni tage dagen
        """,
    ),
    (
        Reason.SIZE,
        _MESSAGE + "size groß* taille tamano dimension* tamanho omvang storlek rozmiar velikost размер* boyut",
        """
        large larger big bigger huge exceed* oversize* zu_groß uberschreit* volumineu* depasse* trop_grand*
        demasiado_grande supera excede muito_grande troppo_grand* te_groot för_stort for_stort for_stor zbyt_duz*
        prilis_velk*
        слишком_больш* превыша* cok_buyuk maximal* maximum tul_nagy prea_mare
        uberschritten za_duz* heavier za_wielk* za_velk* weighs prevelik* preveliko premare liian_suuri for_stor*
        terlalu_besar
        qua_lon massa_gran завелик* надто_велик* твърде_голям* πολυ_μεγαλο كبيرة_جدا גדולה_מדי
        """,
    ),
    (
        Reason.REPUTATION,
        _SENDING_HOST,
        """
        blocked blacklist* blocklist* denylist* listed banned spammer* abuse abusive untrusted reputation distrusted
        not_in_whitelist
        intrusion not_trusted dynamic gesperrt blockiert schwarzen_liste bloque* blocage liste_noire bloquead*
        lista_negra
        bloccat* geblokkeerd zablokow* blokovan* заблокир* черн* engellen* refused_by not_accepted is_refused
        not_welcome
        not_accepting_from refuses_connection* is_rejected
        """,
    ),
    (
        Reason.SPAM,
        _MESSAGE + "content* url* link* filter*",
        """
        spam* unsolicited junk phish* ubermaßig unerwunscht* indesirable* pourriel* no_deseado* indesejad*
        ongewenst* niechcian*
        """,
    ),
    (
        Reason.NETWORK,
        """
        connect* connection* dns lookup network route mx socket session conversation handshake tls verbindung*
        connexion
        conexion conexao connessione verbinding anslutning* polaczeni* spojeni* соединени* baglanti
        """,
        """
        failed failure refused timed_out timeout lost reset dropped unreachable unable error aborted broken closed
        no_response
        abgelehnt unterbrochen fehlgeschlagen zeituberschreitung refusee echoue interrompue rechazad* fallid*
        perdid* recusad*
        falhou rifiutat* fallit* interrott* geweigerd mislukt verbroken misslyckades avvist odrzucon* selhal*
        odmitnut*
        отклонен* прерван* не_удалось разорван* basarisiz
        abgebrochen getrennt repond_pas prekinut* prekinjen* esuat* dihentikan gagal that_bai
        """,
    ),
    (
        Reason.SYSTEM,
        """
        system server service internal database resource* software disk mailer daemon process program serveur
        servidor dienst
        """,
        """
        error* failure* unavailable busy full overload* fault* crash* down problem* exception* misconfigur*
        not_available
        not_responding died nicht_verfugbar fehler erreur* indisponible error_interno no_disponible indisponivel
        errore* erro
        non_disponibile niet_beschikbaar storing fel feil blad* chyba ошибк* недоступ* hata
        """,
    ),
)

# What else may be unknown or invalid, right behind the word: "invalid credentials" are no invalid recipient.
THINGS = """
    certificate characters character client command commands content credentials data encoding error exception failure
    header headers helo ehlo login message method network option parameter parameters password protocol reason response
    server service signature syntax token
"""

# The same for scripts that put no blanks between words: what is said stands a few characters from its subject.
UNSPACED: tuple[tuple[Reason, str, str], ...] = (
    (
        Reason.MAILBOX_FULL,
        """
        กล่อง เมลบ็อกซ์ मेलबॉक्स 邮箱 信箱 郵箱 收件箱 收件人 空间 空間 容量
        メールボックス 受信ボックス 受信箱 ボックス 容量 메일함 사서함
        편지함 용량
        """,
        "เต็ม เกิน भरा 满 滿 超出 超过 超過 不足 超限 一杯 いっぱい 満杯 オーバー 超え 가득 초과 부족 꽉",
    ),
    (
        Reason.USER_DISABLED,
        "账号 帐号 账户 帐户 帳號 用户 邮箱 信箱 アカウント アドレス メールボックス 계정 메일함 사용자",
        """
        停用 禁用 冻结 凍結 关闭 關閉 锁定 鎖定 注销 停止 無効 停止 ロック 利用できない 休止 정지 중지 휴면 비활성
        잠금 잠겨
        """,
    ),
    (
        Reason.HOST_UNKNOWN,
        "域名 网域 網域 主机 主機 服务器 ドメイン ホスト 도메인 호스트",
        """
        不存在 找不到 未找到 无法解析 無法解析 错误 存在しない 存在しません 見つかりません 不明 없는 없습니다
        존재하지 찾을
        """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
        收件人 收信人 收件者 用户 用戶 使用者 邮箱 信箱 郵箱 地址 账号 帐号 帳號 账户 宛先 宛て先 あて先 ユーザ
        ผู้ใช้ ผู้รับ บัญชี ที่อยู่ उपयोगकर्ता प्राप्तकर्ता
        アドレス 受信者 メールボックス 受取人 수신자 사용자 주소 계정 아이디 수신인 받는사람
        """,
        """
        ไม่พบ ไม่มี ไม่ถูกต้อง ไม่รู้จัก नहीं_मिला मौजूद_नहीं 未开通 未開通 未激活
        无效 無效 不存在 不正确 不正確 有误 有誤 错误 錯誤 未找到 找不到 查无 查無 无此 無此 没有 沒有 未注册 不合法
        存在しない 存在しません 存在いたしません 見つかりません 見つからない 見つけられません 不明 誤り 間違
        正しくない 無効 誤って 없는 없습니다 존재하지 잘못 찾을 찾지 유효하지 올바르지
        """,
    ),
    (
        Reason.SIZE,
        "邮件 信件 郵件 附件 大小 メール メッセージ 添付 サイズ 메일 첨부 크기 용량",
        "过大 過大 太大 超过 超過 超出 大きすぎ 大きい 超え 超過 초과 너무",
    ),
    (
        Reason.RATE_LIMIT,
        "发送 發送 邮件 连接 連接 频率 頻率 数量 送信 接続 通数 발송 전송 연결 횟수",
        "频繁 頻繁 过多 過多 过快 過快 频率 頻率 太多 上限 多すぎ 集中 過剰 빈번 너무_많 과다 제한",
    ),
    (
        Reason.SPAM,
        "邮件 信件 郵件 内容 內容 メール メッセージ 메일 내용",
        "垃圾 广告 廣告 迷惑 スパム 스팸 광고",
    ),
    (
        Reason.REPUTATION,
        "ip 域名 服务器 发件人 ホスト サーバ 서버 아이피",
        "黑名单 黑名單 封禁 屏蔽 拦截 攔截 ブラックリスト ブロック 차단 블랙",
    ),
    (
        Reason.NETWORK,
        "连接 連接 连线 連線 服务器 网络 接続 サーバ ホスト 연결 서버 네트워크",
        "失败 失敗 超时 超時 逾時 无法 無法 中断 拒绝 タイムアウト できません できなかった 실패 시간 끊",
    ),
)
