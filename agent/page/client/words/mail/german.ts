import type { MailWords } from './mail-texts.ts';

export const GERMAN: MailWords = {
  state: {
    waiting: {
      name: 'Ausstehend',
      meaning: 'Dieses Gerät sendet die E-Mail, sobald es sich mit dem Server verbindet.',
    },
    sent: {
      name: 'Gesendet',
      meaning: 'Der Server hat die E-Mail und stellt sie dem Mail-Connector Ihrer Organisation zu.',
    },
    held: {
      name: 'Zurückgehalten',
      meaning:
        'Eine Anordnung setzt E-Mail aus. Der Server bewahrt die E-Mail auf und stellt sie zu, wenn die Anordnung endet.',
    },
    delivered: {
      name: 'Zugestellt',
      meaning: 'Der Mail-Connector übergibt die E-Mail dem Mailserver Ihrer Organisation.',
    },
    returned: {
      name: 'Zurückgesandt',
      meaning:
        'Eine Anordnung setzt E-Mail aus, deshalb ging die E-Mail an Sie zurück. Die Empfänger erhalten sie nicht.',
    },
    expired: {
      name: 'Abgelaufen',
      meaning: 'Der Mail-Connector hat die E-Mail nicht rechtzeitig abgeholt. Die Empfänger erhalten sie nicht.',
    },
    failed: {
      name: 'Fehlgeschlagen',
      meaning: 'Die E-Mail kann nicht gesendet werden. Die Empfänger erhalten sie nicht.',
    },
  },
  title: 'E-Mail',
  folders: 'E-Mail-Ordner',
  folder: { inbox: 'Posteingang', sent: 'Gesendet', drafts: 'Entwürfe' },
  write: 'E-Mail schreiben',
  search: 'E-Mails durchsuchen',
  searching: 'Suchen',
  found: 'Suchergebnisse',
  nothing: 'Keine Ergebnisse',
  nothingText:
    'Die Suche umfasst Betreff, Personen und Text der E-Mails auf diesem Gerät. Versuchen Sie andere Wörter.',
  incomplete: 'Die Liste enthält nur die neuesten Ergebnisse. Ergänzen Sie Suchwörter, um ältere E-Mails zu finden.',
  older: 'Ältere E-Mails anzeigen',
  unread: (count) => `${count} ungelesene ${count === 1 ? 'E-Mail' : 'E-Mails'}`,
  isUnread: 'Ungelesen',
  noSubject: '(kein Betreff)',
  noRecipient: '(kein Empfänger)',
  unknownSender: '(kein Absender)',
  filesOf: (count) => `${count} ${count === 1 ? 'Datei' : 'Dateien'}`,
  empty: {
    inbox: {
      title: 'Keine E-Mails',
      text: 'Neue E-Mails an Sie erscheinen hier. E-Mails sind zwischen dem Mail-Connector Ihrer Organisation und Ihren Geräten verschlüsselt. Der Cordon-Server kann sie nicht lesen.',
    },
    sent: {
      title: 'Keine gesendeten E-Mails',
      text: 'E-Mails, die Sie senden, erscheinen hier auf jedem Ihrer Geräte.',
    },
    drafts: {
      title: 'Keine Entwürfe',
      text: 'E-Mails, die Sie noch nicht gesendet haben, erscheinen hier. Die Seite speichert Entwürfe automatisch.',
    },
  },
  choose: 'Keine E-Mail ausgewählt',
  chooseText:
    'Wählen Sie eine E-Mail in der Liste, oder schreiben Sie eine. Die Pfeiltasten bewegen sich durch die Liste.',
  back: 'Zurück zur Liste',
  cancel: 'Abbrechen',
  close: 'Schließen',
  skip: 'Zur E-Mail springen',

  reader: {
    label: 'E-Mail',
    from: 'Von',
    to: 'An',
    cc: 'Cc',
    bcc: 'Bcc',
    date: 'Datum',
    reply: 'Antworten',
    replyAll: 'Allen antworten',
    forward: 'Weiterleiten',
    remove: 'Löschen',
    markUnread: 'Als ungelesen markieren',
    saveSource: 'Original speichern',
    stillUnread: 'Die E-Mail bleibt ungelesen, weil dieses Gerät sie nicht als gelesen markieren konnte.',
    markRead: 'Als gelesen markieren',
    removeTitle: 'E-Mail löschen',
    removeText:
      'Dieses Gerät löscht die E-Mail mit ihren Dateien. Sie können das nicht rückgängig machen. Kopien auf Ihren anderen Geräten bleiben.',
    removeSubmit: 'E-Mail löschen',
    removeDraftTitle: 'Entwurf löschen',
    removeDraftText: 'Dieses Gerät löscht den Entwurf mit seinen Dateien. Sie können das nicht rückgängig machen.',
    removeDraftSubmit: 'Entwurf löschen',
    text: 'Text der E-Mail',
    blocked:
      'Die Seite hat keine Inhalte aus dem Internet geladen, weil der Absender sonst erfährt, dass Sie die E-Mail gelesen haben.',
    shortened: 'Die E-Mail ist zu lang für diese Seite. Speichern Sie das Original, um den Rest zu lesen.',
    files: 'Dateien',
    saveFile: 'Datei speichern',
    problem: 'Die E-Mail kann nicht angezeigt werden',
    asText: 'Als reinen Text anzeigen',
    asHtml: 'Mit Formatierung anzeigen',
  },

  editor: {
    label: 'Entwurf',
    to: 'An',
    toHint: 'Trennen Sie mehrere Adressen durch Kommas.',
    cc: 'Cc',
    bcc: 'Bcc',
    subject: 'Betreff',
    text: 'Text',
    send: 'E-Mail senden',
    sending: 'E-Mail wird gesendet',
    attach: 'Dateien anhängen',
    attached: 'Dateien des Entwurfs',
    removeFile: (name) => `Datei ${name} entfernen`,
    remove: 'Entwurf löschen',
    saved: 'Entwurf auf diesem Gerät gespeichert.',
    saving: 'Entwurf wird gespeichert…',
    unsaved: 'Der Entwurf konnte nicht gespeichert werden. Die Seite versucht es bei Ihrer nächsten Änderung erneut.',
    uploading: 'Dateien werden dem Entwurf hinzugefügt',
    tooLarge: (largest) =>
      `Die Dateien einer E-Mail dürfen zusammen höchstens ${largest} haben. Wählen Sie kleinere Dateien.`,
    limit: (largest) => `Dateien: zusammen bis zu ${largest}.`,
    suspended: 'Solange die Anordnung oben gilt, können Sie keine E-Mails senden. Die Seite speichert Ihre Entwürfe.',
    from: (address) => `Von ${address}`,
  },

  banner: {
    title: 'E-Mail ist auf diesem Gerät ausgesetzt',
    noDocuments:
      'Dieses Gerät hat noch keine Liste der Anordnungen. Verbinden Sie das Gerät mit dem Netz, um E-Mails zu senden und zu empfangen.',
    kept: 'Sie können die E-Mails auf diesem Gerät weiterhin lesen und Entwürfe schreiben. Die Anordnung gibt niemandem Zugriff auf Ihre E-Mails.',
    waiting: 'E-Mails an Sie',
    waitingIs: {
      hold: 'Der Server bewahrt E-Mails an Sie verschlüsselt auf und stellt sie zu, wenn die Anordnung endet.',
      deliver:
        'E-Mails, die vor der Anordnung gesendet wurden, erhalten Sie noch. Der Server bewahrt neue E-Mails verschlüsselt auf und stellt sie zu, wenn die Anordnung endet.',
      return:
        'Die Absender erhalten die E-Mails zurück, mit einem Hinweis, der die Anordnung und den Kontakt für Einsprüche nennt.',
    },
  },

  states: {
    'no-connector': {
      title: 'E-Mail ist nicht eingerichtet',
      text: 'Ihre Organisation hat keinen Mail-Connector. Deshalb kommen E-Mails an Sie nicht an, und E-Mails von Ihnen warten auf diesem Gerät. Bitten Sie Ihre Administration, einen Mail-Connector einzurichten.',
    },
    'no-address': {
      title: 'Keine E-Mail-Adresse',
      text: 'Das Zertifikat dieses Geräts enthält keine E-Mail-Adresse. Deshalb können Sie keine E-Mails senden oder empfangen. Bitten Sie Ihre Administration, Ihre Adresse hinzuzufügen, und registrieren Sie das Gerät neu.',
    },
    uncertified: {
      title: 'Gerät noch nicht bestätigt',
      text: 'Ihre Organisation muss dieses Gerät bestätigen, bevor es E-Mails senden und empfangen kann. Wenn das länger als einen Tag dauert, fragen Sie Ihre Administration.',
    },
    locked: {
      title: 'Arbeitsbereich gesperrt',
      text: 'Die Administration hat den Arbeitsbereich dieses Geräts gesperrt. Bis sie ihn entsperrt, können Sie keine E-Mails lesen. Neue E-Mails warten auf dem Server. Bitten Sie Ihre Administration, den Arbeitsbereich zu entsperren.',
    },
    wiped: {
      title: 'Arbeitsbereich gelöscht',
      text: 'Der Arbeitsbereich dieses Geräts wurde samt Ihren E-Mails gelöscht. Bitten Sie Ihre Administration, den Arbeitsbereich zu entsperren. Wenn eine Anordnung den Arbeitsbereich gelöscht hat, registrieren Sie das Gerät zuvor mit einem neuen Aktivierungscode.',
    },
  },

  programs: {
    title: 'Andere Mailprogramme',
    intro: 'Mailprogramme auf diesem Gerät wie Thunderbird oder neomutt können Ihre E-Mails senden und lesen.',
    plainText:
      'Ihre E-Mails liegen dann unverschlüsselt auf dem Datenträger dieses Geräts, und jedes Programm Ihres Benutzerkontos kann sie lesen. Verschlüsseln Sie den Datenträger. Sperren oder Löschen des Arbeitsbereichs entfernt diese Kopie.',
    notAllowed:
      'Ihre Organisation erlaubt auf diesem Gerät keine anderen Mailprogramme. Fragen Sie Ihre Administration.',
    off: 'Ausgeschaltet',
    on: 'Eingeschaltet',
    port: 'Port für ausgehende E-Mails',
    portHint: 'Eine Zahl von 1 bis 65535, die kein anderes Programm auf diesem Gerät verwendet.',
    switchOn: 'Mailprogramme einschalten',
    switchOff: 'Mailprogramme ausschalten',
    switchOffText:
      'Der Port wird geschlossen, das Passwort wird ungültig, und dieses Gerät löscht die Kopie Ihrer E-Mails. Entwürfe und Ordner, die ein Mailprogramm in dieser Kopie ablegt, werden ebenfalls gelöscht.',
    setUp: 'Einstellungen für Ihr Mailprogramm',
    outgoing: 'Ausgehende E-Mails',
    outgoingIs: (port) => `SMTP auf localhost, Port ${port}, ohne TLS, mit Benutzername und Passwort`,
    closed: 'Der Port ist zurzeit geschlossen.',
    user: 'Benutzername',
    password: 'Passwort',
    once: 'Kopieren Sie das Passwort jetzt. Es wird nur einmal angezeigt.',
    hidden: 'Das Passwort wurde nur einmal angezeigt. Wenn Sie es nicht mehr haben, erstellen Sie ein neues.',
    newPassword: 'Neues Passwort erstellen',
    newPasswordText: 'Mailprogramme mit dem jetzigen Passwort brauchen danach das neue.',
    copy: 'Passwort kopieren',
    copied: 'Passwort kopiert',
    copyFailed: 'Das Kopieren ist fehlgeschlagen. Markieren Sie das Passwort und kopieren Sie es.',
    incoming: 'Eingehende E-Mails (Maildir)',
    dovecot:
      'Ein Programm, das nur IMAP liest, braucht Dovecot 2.4 auf diesem Gerät. Das Beispiel der Konfigurationsdatei sagt, welche Werte Sie ersetzen müssen. IMAP hat dann denselben Benutzernamen und dasselbe Passwort.',
    dovecotSave: 'Dovecot-Konfiguration speichern',
    problem: 'Problem',
  },
};
