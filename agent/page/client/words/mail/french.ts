import type { MailWords } from './mail-texts.ts';

export const FRENCH: MailWords = {
  state: {
    waiting: { name: 'En attente', meaning: 'Cet appareil envoie le courriel dès qu’il se connecte au serveur.' },
    sent: {
      name: 'Envoyé',
      meaning: 'Le serveur a le courriel et le remet au connecteur de messagerie de votre organisation.',
    },
    held: {
      name: 'Retenu',
      meaning: 'Un ordre suspend le courriel. Le serveur conserve le message et le remet à la fin de l’ordre.',
    },
    delivered: {
      name: 'Remis',
      meaning: 'Le connecteur de messagerie transmet le courriel au serveur de messagerie de votre organisation.',
    },
    returned: {
      name: 'Renvoyé',
      meaning:
        'Un ordre suspend le courriel, le message vous a donc été renvoyé. Les destinataires ne le reçoivent pas.',
    },
    expired: {
      name: 'Expiré',
      meaning:
        'Le connecteur de messagerie n’a pas récupéré le courriel à temps. Les destinataires ne le reçoivent pas.',
    },
    failed: { name: 'Échec', meaning: 'Le courriel ne peut pas être envoyé. Les destinataires ne le reçoivent pas.' },
  },
  title: 'Courriel',
  folders: 'Dossiers du courriel',
  folder: { inbox: 'Boîte de réception', sent: 'Envoyés', drafts: 'Brouillons' },
  write: 'Écrire un courriel',
  search: 'Rechercher dans les courriels',
  searching: 'Rechercher',
  found: 'Résultats de la recherche',
  nothing: 'Aucun résultat',
  nothingText:
    'La recherche porte sur les objets, les personnes et les textes des courriels de cet appareil. Essayez d’autres mots.',
  incomplete:
    'La liste ne contient que les résultats les plus récents. Ajoutez des mots pour trouver des courriels plus anciens.',
  older: 'Afficher les courriels plus anciens',
  unread: (count) => `${count} ${count < 2 ? 'courriel non lu' : 'courriels non lus'}`,
  isUnread: 'Non lu',
  noSubject: '(sans objet)',
  noRecipient: '(sans destinataire)',
  unknownSender: '(sans expéditeur)',
  filesOf: (count) => `${count} ${count < 2 ? 'fichier' : 'fichiers'}`,
  empty: {
    inbox: {
      title: 'Aucun courriel',
      text: 'Les nouveaux courriels qui vous sont adressés apparaissent ici. Le courriel est chiffré entre le connecteur de messagerie de votre organisation et vos appareils. Le serveur Cordon ne peut pas le lire.',
    },
    sent: {
      title: 'Aucun courriel envoyé',
      text: 'Les courriels que vous envoyez apparaissent ici sur chacun de vos appareils.',
    },
    drafts: {
      title: 'Aucun brouillon',
      text: 'Les courriels que vous n’avez pas encore envoyés apparaissent ici. La page enregistre les brouillons automatiquement.',
    },
  },
  choose: 'Aucun courriel sélectionné',
  chooseText: 'Sélectionnez un courriel dans la liste, ou écrivez-en un. Les touches fléchées parcourent la liste.',
  back: 'Retour à la liste',
  cancel: 'Annuler',
  close: 'Fermer',
  skip: 'Aller au courriel',

  reader: {
    label: 'Courriel',
    from: 'De',
    to: 'À',
    cc: 'Cc',
    bcc: 'Cci',
    date: 'Date',
    reply: 'Répondre',
    replyAll: 'Répondre à tous',
    forward: 'Transférer',
    remove: 'Supprimer',
    markUnread: 'Marquer comme non lu',
    saveSource: 'Enregistrer l’original',
    stillUnread: 'Le courriel reste non lu, car cet appareil n’a pas pu le marquer comme lu.',
    markRead: 'Marquer comme lu',
    removeTitle: 'Supprimer le courriel',
    removeText:
      'Cet appareil supprime le courriel avec ses fichiers. Vous ne pouvez pas annuler cette action. Les copies sur vos autres appareils restent.',
    removeSubmit: 'Supprimer le courriel',
    removeDraftTitle: 'Supprimer le brouillon',
    removeDraftText: 'Cet appareil supprime le brouillon avec ses fichiers. Vous ne pouvez pas annuler cette action.',
    removeDraftSubmit: 'Supprimer le brouillon',
    text: 'Texte du courriel',
    blocked:
      'La page n’a pas chargé de contenu depuis Internet, car ce chargement indiquerait à l’expéditeur que vous avez lu le courriel.',
    shortened: 'Le courriel est trop long pour cette page. Enregistrez l’original pour lire la suite.',
    files: 'Fichiers',
    saveFile: 'Enregistrer le fichier',
    problem: 'Le courriel ne peut pas être affiché',
    asText: 'Afficher en texte brut',
    asHtml: 'Afficher avec la mise en forme',
  },

  editor: {
    label: 'Brouillon',
    to: 'À',
    toHint: 'Séparez plusieurs adresses par des virgules.',
    cc: 'Cc',
    bcc: 'Cci',
    subject: 'Objet',
    text: 'Texte',
    send: 'Envoyer le courriel',
    sending: 'Envoi du courriel',
    attach: 'Joindre des fichiers',
    attached: 'Fichiers du brouillon',
    removeFile: (name) => `Retirer le fichier ${name}`,
    remove: 'Supprimer le brouillon',
    saved: 'Brouillon enregistré sur cet appareil.',
    saving: 'Enregistrement du brouillon…',
    unsaved: 'Le brouillon n’a pas pu être enregistré. La page réessaie quand vous le modifiez.',
    uploading: 'Ajout de fichiers au brouillon',
    tooLarge: (largest) =>
      `Les fichiers d’un courriel font au plus ${largest} ensemble. Choisissez des fichiers plus petits.`,
    limit: (largest) => `Fichiers : jusqu’à ${largest} ensemble.`,
    suspended:
      'Vous ne pouvez pas envoyer de courriel tant que l’ordre ci-dessus est en vigueur. La page enregistre vos brouillons.',
    from: (address) => `De ${address}`,
  },

  banner: {
    title: 'Le courriel est suspendu sur cet appareil',
    noDocuments:
      'Cet appareil n’a pas encore de liste d’ordres. Connectez l’appareil au réseau pour envoyer et recevoir des courriels.',
    kept: 'Vous pouvez toujours lire les courriels de cet appareil et écrire des brouillons. L’ordre ne donne à personne accès à vos courriels.',
    waiting: 'Courriels pour vous',
    waitingIs: {
      hold: 'Le serveur conserve, chiffrés, les courriels qui vous sont adressés et les remet à la fin de l’ordre.',
      deliver:
        'Vous recevez encore les courriels envoyés avant l’ordre. Le serveur conserve les nouveaux, chiffrés, et les remet à la fin de l’ordre.',
      return: 'Le courriel est renvoyé à l’expéditeur avec une note qui indique l’ordre et le contact pour un recours.',
    },
  },

  states: {
    'no-connector': {
      title: 'Le courriel n’est pas configuré',
      text: 'Votre organisation n’a pas de connecteur de messagerie. Les courriels pour vous n’arrivent donc pas, et ceux que vous envoyez attendent sur cet appareil. Demandez à votre administrateur de configurer un connecteur de messagerie.',
    },
    'no-address': {
      title: 'Aucune adresse de courriel',
      text: 'Le certificat de cet appareil ne contient pas d’adresse de courriel. Vous ne pouvez donc ni envoyer ni recevoir de courriels. Demandez à votre administrateur d’ajouter votre adresse, puis enrôlez de nouveau l’appareil.',
    },
    uncertified: {
      title: 'Appareil pas encore vérifié',
      text: 'Votre organisation doit vérifier cet appareil avant qu’il puisse envoyer et recevoir des courriels. Si cela dure plus d’un jour, adressez-vous à votre administrateur.',
    },
    locked: {
      title: 'Espace de travail verrouillé',
      text: 'Un administrateur a verrouillé l’espace de travail de cet appareil. Vous ne pouvez pas lire les courriels tant qu’il reste verrouillé. Les nouveaux courriels attendent sur le serveur. Demandez à votre administrateur de déverrouiller l’espace de travail.',
    },
    wiped: {
      title: 'Espace de travail effacé',
      text: 'L’espace de travail de cet appareil a été effacé, y compris vos courriels. Demandez à votre administrateur de déverrouiller l’espace de travail. Si un ordre l’a effacé, enrôlez d’abord de nouveau l’appareil avec un nouveau code d’activation.',
    },
  },

  programs: {
    title: 'Autres logiciels de messagerie',
    intro:
      'Les logiciels de messagerie de cet appareil, comme Thunderbird ou neomutt, peuvent envoyer et lire vos courriels.',
    plainText:
      'Vos courriels sont alors en clair sur le disque de cet appareil, et tout programme de votre compte utilisateur peut les lire. Utilisez le chiffrement du disque. Le verrouillage ou l’effacement de l’espace de travail supprime cette copie.',
    notAllowed:
      'Votre organisation n’autorise pas d’autres logiciels de messagerie sur cet appareil. Adressez-vous à votre administrateur.',
    off: 'Désactivé',
    on: 'Activé',
    port: 'Port pour le courrier sortant',
    portHint: 'Un nombre de 1 à 65535 qu’aucun autre programme de cet appareil n’utilise.',
    switchOn: 'Activer les logiciels de messagerie',
    switchOff: 'Désactiver les logiciels de messagerie',
    switchOffText:
      'Le port est fermé, le mot de passe n’est plus valable, et cet appareil supprime la copie de vos courriels. Les brouillons et les dossiers qu’un logiciel garde dans cette copie sont aussi supprimés.',
    setUp: 'Réglages de votre logiciel de messagerie',
    outgoing: 'Courrier sortant',
    outgoingIs: (port) => `SMTP sur localhost, port ${port}, sans TLS, avec nom d’utilisateur et mot de passe`,
    closed: 'Le port est actuellement fermé.',
    user: 'Nom d’utilisateur',
    password: 'Mot de passe',
    once: 'Copiez le mot de passe maintenant. Il n’est affiché qu’une fois.',
    hidden: 'Le mot de passe n’a été affiché qu’une fois. Si vous ne l’avez plus, créez-en un nouveau.',
    newPassword: 'Créer un nouveau mot de passe',
    newPasswordText: 'Les logiciels qui ont le mot de passe actuel devront recevoir le nouveau.',
    copy: 'Copier le mot de passe',
    copied: 'Mot de passe copié',
    copyFailed: 'La copie a échoué. Sélectionnez le mot de passe et copiez-le.',
    incoming: 'Courrier entrant (Maildir)',
    dovecot:
      'Un logiciel qui ne lit que l’IMAP a besoin de Dovecot 2.4 sur cet appareil. L’exemple de fichier de configuration indique les valeurs à remplacer. L’IMAP a alors le même nom d’utilisateur et le même mot de passe.',
    dovecotSave: 'Enregistrer la configuration de Dovecot',
    problem: 'Problème',
  },
};
