import { translatorOf } from "../sentences";

/** What checks find: `probes/`, `monitors/`. A test of the server's side looks whether these are still its sentences. */
export const FINDINGS: Record<string, string> = {
  // Whole sentences before those that hold others, and what is special before what is general.
  "After a redirect to {}: {*}": "Nach einer Weiterleitung zu {}: {*}",
  "At {}, which redirects: {*}": "Bei {}, das weiterleitet: {*}",
  "{} could not be asked: {*}": "{} ließ sich nicht fragen: {*}",

  "The name {} does not exist.": "Den Namen {} gibt es nicht.",
  "{} is not a valid host name.": "{} ist kein gültiger Hostname.",
  "{} is not a domain name.": "{} ist kein Domainname.",
  "The name {} exists, but has no such address.": "Den Namen {} gibt es, aber keine solche Adresse dazu.",
  "The name {} exists, but has no {} record.": "Den Namen {} gibt es, aber keinen {}-Eintrag dazu.",
  "The name {} has no address.": "Der Name {} hat keine Adresse.",
  "The name was not resolved within {} s.": "Der Name ließ sich in {} s nicht auflösen.",
  "No name server answered for {} in time.": "Kein Nameserver antwortete rechtzeitig für {}.",
  "{} could not be resolved, though a second attempt could.":
    "{} ließ sich nicht auflösen, erst bei einem zweiten Versuch.",
  "The name servers did not answer usefully for {}.": "Die Nameserver gaben keine brauchbare Antwort für {}.",
  "The name server could not be reached.": "Der Nameserver war nicht erreichbar.",
  "The name server answered {} when asked for {}.": "Der Nameserver antwortete {} auf die Frage nach {}.",
  "The name server gave no usable answer for {}.": "Der Nameserver gab keine brauchbare Antwort für {}.",
  "Expected one of {}; got {*}.": "Erwartet war einer von {}; es kam {*}.",
  "Expected all of {}; got {*}.": "Erwartet waren alle von {}; es kam {*}.",
  "Expected exactly {}; got {*}.": "Erwartet war genau {}; es kam {*}.",
  "Expected records containing {}; got {*}.": "Erwartet waren Einträge mit {}; es kam {*}.",
  "no records": "kein Eintrag",
  "The target leads to {*}, which this prober may not reach.":
    "Das Ziel führt zu {*}; von hier darf dort nicht geprüft werden.",
  "an address of this network": "einer Adresse dieses Netzes",
  "a private address": "einer privaten Adresse",
  "a loopback address": "einer Loopback-Adresse",
  "a link-local address": "einer Link-local-Adresse",
  "a reserved address": "einer reservierten Adresse",
  "a multicast address": "einer Multicast-Adresse",
  "a documentation address": "einer Adresse für Dokumentation",

  "{} refused the connection; nothing listens on the port.":
    "{} lehnte die Verbindung ab; auf dem Port lauscht niemand.",
  "Could not connect to {}: {*}.": "Keine Verbindung zu {}: {*}.",
  "there is no route to its network": "kein Weg führt in sein Netz",
  "there is no route to the host": "kein Weg führt zum Host",
  "the connection was reset": "die Verbindung wurde zurückgesetzt",
  "the network reported an error": "das Netz meldete einen Fehler",
  "Could not send to {}: there is no route to the host.": "Nichts ließ sich an {} senden: kein Weg führt zum Host.",
  "No connection within {} s; nothing answered at {*}.": "Keine Verbindung in {} s; bei {*} antwortete nichts.",
  "the address": "der Adresse",
  "Connected, but the TLS handshake did not end within {} s.":
    "Verbunden, aber der TLS-Handshake endete nicht in {} s.",
  "Connected, but no answer came within {} s.": "Verbunden, aber in {} s kam keine Antwort.",
  "The answer began, but did not end within {} s.": "Die Antwort begann, endete aber nicht in {} s.",
  "The server reset the connection.": "Der Server setzte die Verbindung zurück.",
  "The server closed the connection without an answer.": "Der Server schloss die Verbindung ohne Antwort.",
  "The server closed the connection before its answer was whole.":
    "Der Server schloss die Verbindung, bevor seine Antwort vollständig war.",
  "The server closed the connection before it had answered completely.":
    "Der Server schloss die Verbindung, bevor seine Antwort vollständig war.",
  "The connection broke while reading the answer.": "Die Verbindung brach beim Lesen der Antwort ab.",
  "The exchange broke off before the whole answer had come.": "Der Austausch brach ab, bevor die ganze Antwort da war.",
  "The request could not be sent: the connection broke.":
    "Die Anfrage ließ sich nicht senden: Die Verbindung brach ab.",
  "The text could not be sent: the connection broke.": "Der Text ließ sich nicht senden: Die Verbindung brach ab.",
  "The server did not take all of the request.": "Der Server nahm nicht die ganze Anfrage an.",

  "{*} expired on {}, {*} ago.": "{*} lief am {} ab, vor {*}.",
  "{*} expires on {}, in {*}; expected at least {} days.":
    "{*} läuft am {} ab, in {*}; erwartet sind mindestens {} Tage.",
  "{*} is not valid before {}.": "{*} gilt erst ab {}.",
  "The certificate": "Das Zertifikat",
  "The intermediate certificate {}": "Das Zwischenzertifikat {}",
  "The domain": "Die Domain",
  "0 days": "0 Tagen",
  "1 day": "1 Tag",
  "{} days": "{} Tagen",
  "Expected a certificate for {}, got one for {*}.": "Erwartet war ein Zertifikat für {}, es kam eines für {*}.",
  "other names": "andere Namen",
  "The certificate names {} as its common name only; browsers want it as a subjectAltName.":
    "Das Zertifikat nennt {} nur als Common Name; Browser wollen den Namen als subjectAltName.",
  "The certificate is not valid yet.": "Das Zertifikat gilt noch nicht.",
  "The certificate has expired.": "Das Zertifikat ist abgelaufen.",
  "The certificate is signed by itself, not by a trusted authority.":
    "Das Zertifikat hat sich selbst signiert, keine vertraute Stelle.",
  "The certificate chain ends in an unknown root that signs itself.":
    "Die Zertifikatskette endet bei einer unbekannten Wurzel, die sich selbst signiert.",
  "The certificate's issuer is unknown; often the server does not send its intermediate certificate. Its issuer is {}.":
    "Der Aussteller des Zertifikats ist unbekannt; oft sendet der Server sein Zwischenzertifikat nicht. Aussteller ist {}.",
  "The certificate's issuer is unknown; often the server does not send its intermediate certificate.":
    "Der Aussteller des Zertifikats ist unbekannt; oft sendet der Server sein Zwischenzertifikat nicht.",
  "The certificate cannot be verified; often the server does not send its intermediate certificate.":
    "Das Zertifikat lässt sich nicht prüfen; oft sendet der Server sein Zwischenzertifikat nicht.",
  "The certificate has been revoked.": "Das Zertifikat wurde widerrufen.",
  "The certificate is for other names.": "Das Zertifikat gilt für andere Namen.",
  "The certificate is not for this IP address.": "Das Zertifikat gilt nicht für diese IP-Adresse.",
  "Expected TLS, but the server does not speak TLS on this port.":
    "Erwartet war TLS, aber der Server spricht auf diesem Port kein TLS.",
  "The server and this prober share no TLS version (1.2 or newer is needed).":
    "Der Server und diese Prüfstelle haben keine gemeinsame TLS-Version (nötig ist 1.2 oder neuer).",
  "The server closed the connection during the TLS handshake.":
    "Der Server schloss die Verbindung während des TLS-Handshakes.",
  "The server has no certificate for this name and broke off the TLS handshake.":
    "Der Server hat für diesen Namen kein Zertifikat und brach den TLS-Handshake ab.",
  "The TLS handshake failed: the server broke it off or sent something else.":
    "Der TLS-Handshake scheiterte: Der Server brach ihn ab oder sendete etwas anderes.",
  "The server asks for a client certificate.": "Der Server verlangt ein Client-Zertifikat.",

  "Expected HTTP/{}, got HTTP/{}.": "Erwartet war HTTP/{}, es kam HTTP/{}.",
  "Expected at most {} redirects, got more; the last came from {}.":
    "Erwartet waren höchstens {} Weiterleitungen, es kamen mehr; die letzte von {}.",
  "Expected a body without {}, but it is there.": "Erwartet war ein Inhalt ohne {}, aber der Text ist da.",
  "Expected {} in the body, but it is not there.": "Erwartet war {} im Inhalt, aber der Text fehlt.",
  "Expected a value at {}, but there is none.": "Erwartet war ein Wert bei {}, aber da ist keiner.",
  "Expected {} at {}, got {}.": "Erwartet war {} bei {}, es kam {}.",
  "Expected {} in the answer, got {} and the end.": "Erwartet war {} in der Antwort, es kam {} und das Ende.",
  "Expected {} in the first message, got {}.": "Erwartet war {} in der ersten Nachricht, es kam {}.",
  "Expected an answer within {} ms, took {} ms.": "Erwartet war eine Antwort in {} ms, gedauert hat sie {} ms.",
  "Expected an answer within {} ms, took longer.": "Erwartet war eine Antwort in {} ms, sie dauerte länger.",
  "Expected 101 (Switching Protocols), got {}.": "Erwartet war 101 (Switching Protocols), es kam {}.",
  "Expected a greeting with {}, got {}.": "Erwartet war ein Gruß mit {}, es kam {}.",
  "Expected {} to {}, got {}.": "Erwartet war {} auf {}, es kam {}.",
  "Expected a reply in SMTP, got {}.": "Erwartet war eine Antwort in SMTP, es kam {}.",
  "Expected an answer in HTTP/1.1, got {}.": "Erwartet war eine Antwort in HTTP/1.1, es kam {}.",
  "Expected the subprotocol {}, got {}.": "Erwartet war das Unterprotokoll {}, es kam {}.",
  "Expected {}, got {}.": "{} erwartet, {} erhalten.",
  "The server answered with something that is not valid HTTP.": "Der Server antwortete mit etwas, das kein HTTP ist.",
  "The body's compression is broken, so it could not be read.":
    "Die Kompression des Inhalts ist kaputt, er ließ sich nicht lesen.",
  "The server refused the user name and password.": "Der Server lehnte Benutzername und Passwort ab.",
  "The server does not offer STARTTLS.": "Der Server bietet kein STARTTLS an.",
  "The server offers no login by PLAIN or LOGIN.": "Der Server bietet keine Anmeldung mit PLAIN oder LOGIN an.",
  "{} of {} echo requests to {} stayed unanswered.": "{} von {} Echo-Anfragen an {} blieben ohne Antwort.",

  "The domain was not renewed: the registry calls it “{}”.":
    "Die Domain wurde nicht verlängert: Die Registrierungsstelle führt sie als „{}“.",
  "The registry knows no domain {}: nobody has registered it.":
    "Die Registrierungsstelle kennt keine Domain {}: Niemand hat sie registriert.",
  "No registry answered within {} s.": "Keine Registrierungsstelle antwortete in {} s.",

  "The job ended with exit status {}.": "Der Job endete mit Exit-Status {}.",
  "The job reported failure.": "Der Job meldete einen Fehler.",
  "The run that started at {} had not ended by {}.": "Der Lauf, der {} begann, war {} noch nicht zu Ende.",
  "No ping since {}; one was expected by {}.": "Kein Ping seit {}; erwartet war einer bis {}.",
  "No ping has come yet; one was expected by {}.": "Noch kam kein Ping; erwartet war einer bis {}.",
  "A ping was expected by {}, and nobody looked.": "Ein Ping war bis {} erwartet, und niemand sah nach.",
  "No result since {}.": "Kein Ergebnis seit {}.",
  "No result has come since {}, when it was created, changed or resumed.":
    "Kein Ergebnis seit {}, als er angelegt, geändert oder fortgesetzt wurde.",
  "Nothing answers from where it is checked: the network there failed, and not the target. What was seen: {*}":
    "Von der Prüfstelle aus antwortet nichts: Ihr Netz fiel aus, nicht das Ziel. Gesehen wurde: {*}",
  "Nothing answers from where it is checked: the network there failed, and not the target.":
    "Von der Prüfstelle aus antwortet nichts: Ihr Netz fiel aus, nicht das Ziel.",

  "every {}, grace {}": "alle {}, Frist {}",
  "every {}": "alle {}",
  "at {}, grace {}": "um {}, Frist {}",
};

/** What incidents and messages tell: `incidents/`, `alerts/`, `delivery/`. */
export const EVENTS: Record<string, string> = {
  "The monitor went down.": "Der Monitor fiel aus.",
  "The monitor recovered.": "Der Monitor läuft wieder.",
  "The monitor recovered. The results of this outage came late.":
    "Der Monitor läuft wieder. Die Ergebnisse dieses Ausfalls kamen spät.",
  "A result that came late showed no outage here.": "Ein spätes Ergebnis zeigte, dass hier kein Ausfall war.",
  "Acknowledged by {}, from the alert.": "Quittiert von {}, aus der Meldung.",
  "Resolved by {}.": "Behoben von {}.",
  "Printed to the console: EMAIL_URL names no mail server.":
    "Nur im Protokoll des Servers: EMAIL_URL nennt keinen Mailserver.",
  "Maintenance covers the monitor until {}; what is still so then is told.":
    "Der Monitor ist bis {} in Wartung; was dann noch so ist, wird gemeldet.",
  "Maintenance covers the monitor; what is still so then is told.":
    "Der Monitor ist in Wartung; was danach noch so ist, wird gemeldet.",
  "A monitor that it depends on is down, and is told instead.":
    "Ein Monitor, von dem er abhängt, ist ausgefallen; der wird gemeldet.",
  "It waits for a monitor that it depends on until {}.": "Es wartet bis {} auf einen Monitor, von dem er abhängt.",
  "It waits for a monitor that it depends on.": "Es wartet auf einen Monitor, von dem er abhängt.",
  "It is up and down too often to tell each time until {}.": "Er fällt zu oft aus, um jedes Mal zu melden, bis {}.",
  "It is up and down too often to tell each time.": "Er fällt zu oft aus, um jedes Mal zu melden.",
  "No rule that is switched on is for this.": "Keine eingeschaltete Regel ist dafür da.",
  "None of the rules for this tells the event {}.": "Keine der Regeln dafür meldet das Ereignis {}.",
  "The rule “{}” has no channel to tell.": "Die Regel „{}“ hat keinen Kanal.",
  "The rule “{}” would tell a channel that is switched off: {}.":
    "Die Regel „{}“ würde einem Kanal melden, der ausgeschaltet ist: {}.",
  "Told in a digest.": "In einer Sammelmeldung mitgeteilt.",
  "The team has nobody with an e-mail address to send this to.": "Im Team hat niemand eine E-Mail-Adresse dafür.",
  "Nobody there has agreed to get alerts yet: {}.": "Noch hat dort niemand Meldungen zugestimmt: {}.",
};

/** What the API refuses. Most of its other sentences name what was typed, and stay English. */
export const REFUSALS: Record<string, string> = {
  "No active account has this address and password.": "Kein aktives Konto hat diese Adresse und dieses Passwort.",
  "An account with this address exists; log in or reset the password.":
    "Mit dieser Adresse gibt es ein Konto: Melde dich an oder setze das Passwort zurück.",
  "This is not your current password.": "Das ist nicht dein jetziges Passwort.",
  "This link is wrong, was used or has expired; ask for a new one.":
    "Dieser Link ist falsch, benutzt oder abgelaufen; fordere einen neuen an.",
  "A password may have {} characters at most.": "Ein Passwort darf höchstens {} Zeichen haben.",
  "This password is too common.": "Dieses Passwort ist zu gewöhnlich.",
  "This password is too short. It must contain at least {} characters.":
    "Dieses Passwort ist zu kurz. Es braucht mindestens {} Zeichen.",
  "The password is too similar to the {*}.": "Das Passwort ähnelt {*} zu sehr.",
  email: "der E-Mail-Adresse",
  "email address": "der E-Mail-Adresse",
  name: "dem Namen",
  "Enter a valid email address.": "Gib eine gültige E-Mail-Adresse ein.",
  "This invitation was withdrawn, has expired or never was; ask for a new one.":
    "Diese Einladung wurde zurückgezogen, ist abgelaufen oder gab es nie; bitte um eine neue.",
  "This invitation is for another address; sign in with that one.":
    "Diese Einladung gilt für eine andere Adresse; melde dich mit jener an.",
  "This field is required.": "Das wird gebraucht.",
  "This field may not be blank.": "Das darf nicht leer sein.",
  "Ensure this field has no more than {} characters.": "Höchstens {} Zeichen.",
  "A valid integer is required.": "Gib eine ganze Zahl ein.",
  "Must be from {} to {} seconds, not {}.": "Muss von {} bis {} Sekunden gehen, nicht {}.",
  "Must be from 1 to {} results, not {}.": "Muss von 1 bis {} Ergebnisse gehen, nicht {}.",
  "Must not be longer than the interval ({} s).": "Darf nicht länger sein als das Intervall ({} s).",
  "Must have 1 to {} characters, has {}.": "Muss 1 bis {} Zeichen haben, hat {}.",
  "This is not a valid URL; write it like {}.": "Das ist keine gültige URL; schreibe sie wie {}.",
  "This address names no valid domain.": "Diese Adresse nennt keine gültige Domain.",
  "Enter a host without spaces or slashes.": "Gib einen Host ohne Leerzeichen und Schrägstriche ein.",
  "Enter a host without http:// or a path.": "Gib einen Host ohne http:// und ohne Pfad ein.",
};

export const fromServer = translatorOf({ ...FINDINGS, ...EVENTS, ...REFUSALS });
