import type { MailWords } from './mail-texts.ts';

export const SPANISH: MailWords = {
  state: {
    waiting: { name: 'Pendiente', meaning: 'Este dispositivo envía el correo cuando se conecta al servidor.' },
    sent: {
      name: 'Enviado',
      meaning: 'El servidor tiene el correo y lo entrega al conector de correo de su organización.',
    },
    held: {
      name: 'Retenido',
      meaning: 'Una orden suspende el correo. El servidor guarda el correo y lo entrega cuando termina la orden.',
    },
    delivered: {
      name: 'Entregado',
      meaning: 'El conector de correo pasa el correo al servidor de correo de su organización.',
    },
    returned: {
      name: 'Devuelto',
      meaning: 'Una orden suspende el correo, por lo que se le devolvió. Los destinatarios no lo reciben.',
    },
    expired: {
      name: 'Caducado',
      meaning: 'El conector de correo no recogió el correo a tiempo. Los destinatarios no lo reciben.',
    },
    failed: { name: 'Fallido', meaning: 'El correo no se puede enviar. Los destinatarios no lo reciben.' },
  },
  title: 'Correo',
  folders: 'Carpetas de correo',
  folder: { inbox: 'Bandeja de entrada', sent: 'Enviados', drafts: 'Borradores' },
  write: 'Escribir correo',
  search: 'Buscar en el correo',
  searching: 'Buscar',
  found: 'Resultados de la búsqueda',
  nothing: 'Sin resultados',
  nothingText:
    'La búsqueda abarca asuntos, personas y textos del correo de este dispositivo. Pruebe con otras palabras.',
  incomplete:
    'La lista contiene solo los resultados más recientes. Añada palabras para encontrar correos más antiguos.',
  older: 'Mostrar correos más antiguos',
  unread: (count) => `${count} ${count === 1 ? 'correo no leído' : 'correos no leídos'}`,
  isUnread: 'No leído',
  noSubject: '(sin asunto)',
  noRecipient: '(sin destinatario)',
  unknownSender: '(sin remitente)',
  filesOf: (count) => `${count} ${count === 1 ? 'archivo' : 'archivos'}`,
  empty: {
    inbox: {
      title: 'No hay correo',
      text: 'Los correos nuevos para usted aparecen aquí. El correo está cifrado entre el conector de correo de su organización y sus dispositivos. El servidor de Cordon no puede leerlo.',
    },
    sent: {
      title: 'No hay correo enviado',
      text: 'Los correos que usted envía aparecen aquí en cada uno de sus dispositivos.',
    },
    drafts: {
      title: 'No hay borradores',
      text: 'Los correos que aún no ha enviado aparecen aquí. La página guarda los borradores automáticamente.',
    },
  },
  choose: 'Ningún correo seleccionado',
  chooseText: 'Seleccione un correo de la lista o escriba uno. Las teclas de flecha recorren la lista.',
  back: 'Volver a la lista',
  cancel: 'Cancelar',
  close: 'Cerrar',
  skip: 'Saltar al correo',

  reader: {
    label: 'Correo',
    from: 'De',
    to: 'Para',
    cc: 'CC',
    bcc: 'CCO',
    date: 'Fecha',
    reply: 'Responder',
    replyAll: 'Responder a todos',
    forward: 'Reenviar',
    remove: 'Eliminar',
    markUnread: 'Marcar como no leído',
    saveSource: 'Guardar el original',
    stillUnread: 'El correo sigue como no leído, porque este dispositivo no pudo marcarlo como leído.',
    markRead: 'Marcar como leído',
    removeTitle: 'Eliminar correo',
    removeText:
      'Este dispositivo elimina el correo con sus archivos. No se puede deshacer. Las copias en sus otros dispositivos se conservan.',
    removeSubmit: 'Eliminar correo',
    removeDraftTitle: 'Eliminar borrador',
    removeDraftText: 'Este dispositivo elimina el borrador con sus archivos. No se puede deshacer.',
    removeDraftSubmit: 'Eliminar borrador',
    text: 'Texto del correo',
    blocked:
      'La página no cargó contenido de internet, porque al cargarlo el remitente sabría que usted leyó el correo.',
    shortened: 'El correo es demasiado largo para esta página. Guarde el original para leer el resto.',
    files: 'Archivos',
    saveFile: 'Guardar archivo',
    problem: 'El correo no se puede mostrar',
    asText: 'Mostrar como texto sin formato',
    asHtml: 'Mostrar con formato',
  },

  editor: {
    label: 'Borrador',
    to: 'Para',
    toHint: 'Separe varias direcciones con comas.',
    cc: 'CC',
    bcc: 'CCO',
    subject: 'Asunto',
    text: 'Texto',
    send: 'Enviar correo',
    sending: 'Enviando correo',
    attach: 'Adjuntar archivos',
    attached: 'Archivos del borrador',
    removeFile: (name) => `Quitar el archivo ${name}`,
    remove: 'Eliminar borrador',
    saved: 'Borrador guardado en este dispositivo.',
    saving: 'Guardando el borrador…',
    unsaved: 'No se pudo guardar el borrador. La página lo intenta de nuevo cuando usted lo modifica.',
    uploading: 'Añadiendo archivos al borrador',
    tooLarge: (largest) => `Los archivos de un correo suman como máximo ${largest}. Elija archivos más pequeños.`,
    limit: (largest) => `Archivos: hasta ${largest} en total.`,
    suspended: 'No puede enviar correo mientras la orden de arriba esté vigente. La página guarda sus borradores.',
    from: (address) => `De ${address}`,
  },

  banner: {
    title: 'El correo está suspendido en este dispositivo',
    noDocuments:
      'Este dispositivo aún no tiene la lista de órdenes. Conecte el dispositivo a la red para enviar y recibir correo.',
    kept: 'Aún puede leer el correo de este dispositivo y escribir borradores. La orden no da a nadie acceso a su correo.',
    waiting: 'Correo para usted',
    waitingIs: {
      hold: 'El servidor guarda, cifrado, el correo para usted y lo entrega cuando termina la orden.',
      deliver:
        'Usted aún recibe el correo enviado antes de la orden. El servidor guarda, cifrado, el correo nuevo y lo entrega cuando termina la orden.',
      return: 'El remitente recibe de vuelta el correo con una nota que indica la orden y el contacto para recurrir.',
    },
  },

  states: {
    'no-connector': {
      title: 'El correo no está configurado',
      text: 'Su organización no tiene conector de correo, así que el correo para usted no llega y el que usted envía espera en este dispositivo. Pida a su administrador que configure un conector de correo.',
    },
    'no-address': {
      title: 'Sin dirección de correo',
      text: 'El certificado de este dispositivo no contiene una dirección de correo, así que usted no puede enviar ni recibir correo. Pida a su administrador que añada su dirección y registre de nuevo el dispositivo.',
    },
    uncertified: {
      title: 'Dispositivo aún no verificado',
      text: 'Su organización debe verificar este dispositivo antes de que pueda enviar y recibir correo. Si esto tarda más de un día, pregunte a su administrador.',
    },
    locked: {
      title: 'Espacio de trabajo bloqueado',
      text: 'Un administrador bloqueó el espacio de trabajo de este dispositivo. No puede leer el correo hasta que un administrador lo desbloquee. El correo nuevo espera en el servidor. Pida a su administrador que desbloquee el espacio de trabajo.',
    },
    wiped: {
      title: 'Espacio de trabajo borrado',
      text: 'Se borró el espacio de trabajo de este dispositivo, incluido su correo. Pida a su administrador que desbloquee el espacio de trabajo. Si una orden lo borró, registre antes de nuevo el dispositivo con un código de activación nuevo.',
    },
  },

  programs: {
    title: 'Otros programas de correo',
    intro: 'Los programas de correo de este dispositivo, como Thunderbird o neomutt, pueden enviar y leer su correo.',
    plainText:
      'Su correo está entonces sin cifrar en el disco de este dispositivo, y cualquier programa de su cuenta de usuario puede leerlo. Use el cifrado de disco. Al bloquear o borrar el espacio de trabajo se elimina esta copia.',
    notAllowed:
      'Su organización no permite otros programas de correo en este dispositivo. Pregunte a su administrador.',
    off: 'Desactivado',
    on: 'Activado',
    port: 'Puerto para el correo saliente',
    portHint: 'Un número del 1 al 65535 que no use ningún otro programa de este dispositivo.',
    switchOn: 'Activar programas de correo',
    switchOff: 'Desactivar programas de correo',
    switchOffText:
      'Se cierra el puerto, la contraseña deja de ser válida y este dispositivo elimina la copia de su correo. También se eliminan los borradores y las carpetas que un programa de correo guarda en esta copia.',
    setUp: 'Ajustes para su programa de correo',
    outgoing: 'Correo saliente',
    outgoingIs: (port) => `SMTP en localhost, puerto ${port}, sin TLS, con nombre de usuario y contraseña`,
    closed: 'El puerto está cerrado en este momento.',
    user: 'Nombre de usuario',
    password: 'Contraseña',
    once: 'Copie la contraseña ahora. Solo se muestra una vez.',
    hidden: 'La contraseña se mostró solo una vez. Si ya no la tiene, cree una nueva.',
    newPassword: 'Crear contraseña nueva',
    newPasswordText: 'Los programas de correo con la contraseña actual deben recibir la nueva.',
    copy: 'Copiar contraseña',
    copied: 'Contraseña copiada',
    copyFailed: 'No se pudo copiar. Seleccione la contraseña y cópiela.',
    incoming: 'Correo entrante (Maildir)',
    dovecot:
      'Un programa que solo lee IMAP necesita Dovecot 2.4 en este dispositivo. El ejemplo del archivo de configuración indica qué valores hay que sustituir. IMAP tiene entonces el mismo nombre de usuario y la misma contraseña.',
    dovecotSave: 'Guardar la configuración de Dovecot',
    problem: 'Problema',
  },
};
