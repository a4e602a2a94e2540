import type { MailWords } from './mail-texts.ts';

export const PORTUGUESE: MailWords = {
  state: {
    waiting: { name: 'Pendente', meaning: 'Este dispositivo envia o e-mail quando se conecta ao servidor.' },
    sent: { name: 'Enviado', meaning: 'O servidor tem o e-mail e o entrega ao conector de e-mail da sua organização.' },
    held: {
      name: 'Retido',
      meaning: 'Uma ordem suspende o e-mail. O servidor guarda o e-mail e o entrega quando a ordem termina.',
    },
    delivered: {
      name: 'Entregue',
      meaning: 'O conector de e-mail passa o e-mail ao servidor de e-mail da sua organização.',
    },
    returned: {
      name: 'Devolvido',
      meaning: 'Uma ordem suspende o e-mail, por isso ele foi devolvido a você. Os destinatários não o recebem.',
    },
    expired: {
      name: 'Expirado',
      meaning: 'O conector de e-mail não buscou o e-mail a tempo. Os destinatários não o recebem.',
    },
    failed: { name: 'Falhou', meaning: 'O e-mail não pode ser enviado. Os destinatários não o recebem.' },
  },
  title: 'E-mail',
  folders: 'Pastas de e-mail',
  folder: { inbox: 'Caixa de entrada', sent: 'Enviados', drafts: 'Rascunhos' },
  write: 'Escrever e-mail',
  search: 'Pesquisar e-mails',
  searching: 'Pesquisar',
  found: 'Resultados da pesquisa',
  nothing: 'Nenhum resultado',
  nothingText: 'A pesquisa abrange assuntos, pessoas e textos dos e-mails neste dispositivo. Tente outras palavras.',
  incomplete:
    'A lista contém apenas os resultados mais recentes. Acrescente palavras para encontrar e-mails mais antigos.',
  older: 'Mostrar e-mails mais antigos',
  unread: (count) => `${count} ${count === 1 ? 'e-mail não lido' : 'e-mails não lidos'}`,
  isUnread: 'Não lido',
  noSubject: '(sem assunto)',
  noRecipient: '(sem destinatário)',
  unknownSender: '(sem remetente)',
  filesOf: (count) => `${count} ${count === 1 ? 'arquivo' : 'arquivos'}`,
  empty: {
    inbox: {
      title: 'Nenhum e-mail',
      text: 'Novos e-mails para você aparecem aqui. O e-mail é criptografado entre o conector de e-mail da sua organização e os seus dispositivos. O servidor do Cordon não pode lê-lo.',
    },
    sent: {
      title: 'Nenhum e-mail enviado',
      text: 'Os e-mails que você envia aparecem aqui em cada um dos seus dispositivos.',
    },
    drafts: {
      title: 'Nenhum rascunho',
      text: 'Os e-mails que você ainda não enviou aparecem aqui. A página salva os rascunhos automaticamente.',
    },
  },
  choose: 'Nenhum e-mail selecionado',
  chooseText: 'Selecione um e-mail na lista ou escreva um. As teclas de seta percorrem a lista.',
  back: 'Voltar à lista',
  cancel: 'Cancelar',
  close: 'Fechar',
  skip: 'Ir para o e-mail',

  reader: {
    label: 'E-mail',
    from: 'De',
    to: 'Para',
    cc: 'Cc',
    bcc: 'Cco',
    date: 'Data',
    reply: 'Responder',
    replyAll: 'Responder a todos',
    forward: 'Encaminhar',
    remove: 'Excluir',
    markUnread: 'Marcar como não lido',
    saveSource: 'Salvar original',
    stillUnread: 'O e-mail continua não lido, porque este dispositivo não conseguiu marcá-lo como lido.',
    markRead: 'Marcar como lido',
    removeTitle: 'Excluir e-mail',
    removeText:
      'Este dispositivo exclui o e-mail com os seus arquivos. Não é possível desfazer isso. As cópias nos seus outros dispositivos permanecem.',
    removeSubmit: 'Excluir e-mail',
    removeDraftTitle: 'Excluir rascunho',
    removeDraftText: 'Este dispositivo exclui o rascunho com os seus arquivos. Não é possível desfazer isso.',
    removeDraftSubmit: 'Excluir rascunho',
    text: 'Texto do e-mail',
    blocked: 'A página não carregou conteúdo da internet, porque isso revelaria ao remetente que você leu o e-mail.',
    shortened: 'O e-mail é longo demais para esta página. Salve o original para ler o restante.',
    files: 'Arquivos',
    saveFile: 'Salvar arquivo',
    problem: 'O e-mail não pode ser exibido',
    asText: 'Mostrar como texto simples',
    asHtml: 'Mostrar com formatação',
  },

  editor: {
    label: 'Rascunho',
    to: 'Para',
    toHint: 'Separe vários endereços com vírgulas.',
    cc: 'Cc',
    bcc: 'Cco',
    subject: 'Assunto',
    text: 'Texto',
    send: 'Enviar e-mail',
    sending: 'Enviando e-mail',
    attach: 'Anexar arquivos',
    attached: 'Arquivos do rascunho',
    removeFile: (name) => `Remover o arquivo ${name}`,
    remove: 'Excluir rascunho',
    saved: 'Rascunho salvo neste dispositivo.',
    saving: 'Salvando o rascunho…',
    unsaved: 'Não foi possível salvar o rascunho. A página tenta de novo quando você o altera.',
    uploading: 'Adicionando arquivos ao rascunho',
    tooLarge: (largest) => `Os arquivos de um e-mail têm no máximo ${largest} juntos. Escolha arquivos menores.`,
    limit: (largest) => `Arquivos: até ${largest} juntos.`,
    suspended:
      'Você não pode enviar e-mails enquanto a ordem acima estiver em vigor. A página salva os seus rascunhos.',
    from: (address) => `De ${address}`,
  },

  banner: {
    title: 'O e-mail está suspenso neste dispositivo',
    noDocuments:
      'Este dispositivo ainda não tem a lista de ordens. Conecte o dispositivo à rede para enviar e receber e-mails.',
    kept: 'Você ainda pode ler os e-mails neste dispositivo e escrever rascunhos. A ordem não dá a ninguém acesso aos seus e-mails.',
    waiting: 'E-mails para você',
    waitingIs: {
      hold: 'O servidor guarda, criptografados, os e-mails para você e os entrega quando a ordem termina.',
      deliver:
        'Você ainda recebe os e-mails enviados antes da ordem. O servidor guarda, criptografados, os novos e-mails e os entrega quando a ordem termina.',
      return: 'O remetente recebe o e-mail de volta com uma nota que indica a ordem e o contato para recurso.',
    },
  },

  states: {
    'no-connector': {
      title: 'O e-mail não está configurado',
      text: 'A sua organização não tem um conector de e-mail. Por isso, os e-mails para você não chegam, e os que você envia esperam neste dispositivo. Peça ao seu administrador que configure um conector de e-mail.',
    },
    'no-address': {
      title: 'Nenhum endereço de e-mail',
      text: 'O certificado deste dispositivo não contém um endereço de e-mail. Por isso, você não pode enviar nem receber e-mails. Peça ao seu administrador que adicione o seu endereço e registre o dispositivo de novo.',
    },
    uncertified: {
      title: 'Dispositivo ainda não verificado',
      text: 'A sua organização precisa verificar este dispositivo antes que ele possa enviar e receber e-mails. Se isso levar mais de um dia, fale com o seu administrador.',
    },
    locked: {
      title: 'Espaço de trabalho bloqueado',
      text: 'Um administrador bloqueou o espaço de trabalho deste dispositivo. Você não pode ler e-mails até que um administrador o desbloqueie. Novos e-mails esperam no servidor. Peça ao seu administrador que desbloqueie o espaço de trabalho.',
    },
    wiped: {
      title: 'Espaço de trabalho apagado',
      text: 'O espaço de trabalho deste dispositivo foi apagado, inclusive os seus e-mails. Peça ao seu administrador que desbloqueie o espaço de trabalho. Se uma ordem o apagou, registre antes o dispositivo de novo com um novo código de ativação.',
    },
  },

  programs: {
    title: 'Outros programas de e-mail',
    intro: 'Programas de e-mail neste dispositivo, como Thunderbird ou neomutt, podem enviar e ler os seus e-mails.',
    plainText:
      'Os seus e-mails ficam então sem criptografia no disco deste dispositivo, e qualquer programa da sua conta de usuário pode lê-los. Use criptografia de disco. O bloqueio ou o apagamento do espaço de trabalho remove esta cópia.',
    notAllowed:
      'A sua organização não permite outros programas de e-mail neste dispositivo. Fale com o seu administrador.',
    off: 'Desativado',
    on: 'Ativado',
    port: 'Porta para e-mails enviados',
    portHint: 'Um número de 1 a 65535 que nenhum outro programa deste dispositivo usa.',
    switchOn: 'Ativar programas de e-mail',
    switchOff: 'Desativar programas de e-mail',
    switchOffText:
      'A porta é fechada, a senha perde a validade, e este dispositivo exclui a cópia dos seus e-mails. Rascunhos e pastas que um programa de e-mail mantém nesta cópia também são excluídos.',
    setUp: 'Configurações para o seu programa de e-mail',
    outgoing: 'Envio de e-mails',
    outgoingIs: (port) => `SMTP em localhost, porta ${port}, sem TLS, com nome de usuário e senha`,
    closed: 'A porta está fechada no momento.',
    user: 'Nome de usuário',
    password: 'Senha',
    once: 'Copie a senha agora. Ela é mostrada apenas uma vez.',
    hidden: 'A senha foi mostrada apenas uma vez. Se você não a tem mais, crie uma nova.',
    newPassword: 'Criar nova senha',
    newPasswordText: 'Os programas de e-mail com a senha atual precisam receber a nova.',
    copy: 'Copiar senha',
    copied: 'Senha copiada',
    copyFailed: 'Não foi possível copiar. Selecione a senha e copie-a.',
    incoming: 'Recebimento de e-mails (Maildir)',
    dovecot:
      'Um programa que lê apenas IMAP precisa do Dovecot 2.4 neste dispositivo. O exemplo do arquivo de configuração diz quais valores substituir. O IMAP tem então o mesmo nome de usuário e a mesma senha.',
    dovecotSave: 'Salvar configuração do Dovecot',
    problem: 'Problema',
  },
};
