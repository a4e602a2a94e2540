import type { NoticeWords } from './notice-words.ts';

export const SPANISH: NoticeWords = {
  tag: 'es',
  direction: 'ltr',
  suspended: 'Los mensajes están suspendidos en este dispositivo',
  order: (number) => `Orden ${number}`,
  untilDate: (date) => `(hasta el ${date})`,
  untilWithdrawn: '(hasta que se retire)',
  statement: 'Texto de la orden',
  language: 'Idioma',
  authoritative: 'Este texto es el auténtico.',
  translation: (language) => `Texto auténtico: ${language}. Esta es una traducción.`,

  services: 'Qué',
  service: {
    enrollment: 'Dispositivos nuevos',
    management: 'Gestión',
    messaging: 'Mensajes',
    mail: 'Correo',
  },
  where: 'Dónde',
  why: 'Por qué',
  reasons: {
    present: (areas) => `Este dispositivo está en ${areas}.`,
    network: (areas) => `La red móvil de este dispositivo está en ${areas}.`,
    home: (areas) => `Este dispositivo está asignado a ${areas}.`,
    seat: (areas) => `Su parte de la organización tiene su sede en ${areas}.`,
    contested: (areas) => `No es seguro que este dispositivo esté en ${areas}, y en ese caso la orden se aplica.`,
    unknown: () => 'No se sabe dónde está este dispositivo, y en ese caso la orden se aplica.',
    exempt: () => 'Este dispositivo está exento de la orden.',
    exemption_over: () => 'Este dispositivo estaba exento de la orden, y la exención ha vencido.',
    visitor_grace: () => 'Está de visita. La orden todavía no se le aplica.',
    traveler: () => 'Está de viaje.',
    no_order: () => 'Ninguna orden se refiere a este dispositivo.',
  },
  allowedReasons: {
    contested: (areas) => `No es seguro que este dispositivo esté en ${areas}, y en ese caso la orden no se aplica.`,
    unknown: () => 'No se sabe dónde está este dispositivo, y en ese caso la orden no se aplica.',
  },
  theArea: 'la zona de la orden',
  noBlockedService: 'Por ahora, la orden no bloquea ningún servicio en este dispositivo.',
  from: 'A partir del',
  since: 'Desde',
  until: 'Hasta',
  open: 'que se retire la orden',
  appeal: 'Contacto para recursos',
  paused: 'En pausa',
  withdrawn: 'Retirada: la orden ya no bloquea ningún servicio',
  ended: 'Terminada: la orden ya no bloquea ningún servicio',

  waiting: 'Mensajes dirigidos a usted',
  waitingIs: {
    hold: 'Esperan en el servidor, sellados, y llegan cuando la orden termina.',
    deliver:
      'Lo que se escribió antes todavía llega. Lo que se escribe ahora espera en el servidor, sellado, y llega cuando la orden termina.',
    return: 'Vuelven a quienes los escribieron, que saben así que no le llegaron y por qué orden.',
  },
  exit: {
    label: 'Para siempre',
    exportBy: (until) =>
      `La orden pone fin al servicio para siempre. Guarde una copia de lo que necesite antes del ${until}: después, dos personas pueden aprobar que se borre lo que hay en este dispositivo.`,
    approved:
      'Dos personas han aprobado que se borre para siempre lo que hay en este dispositivo. Ocurre en cuanto pase el plazo para guardar una copia: hágalo ahora.',
    wiped: (at) => `Lo que había en este dispositivo se borró por esta orden el ${at}. No se puede recuperar.`,
  },
  dataKept:
    'No se ha perdido nada: lo que hay en este dispositivo sigue siendo legible, y puede guardar una copia. Nadie puede leerlo en virtud de esta orden.',
  cannotWrite: 'No puede escribir mientras la orden anterior esté en vigor. Lo que hay aquí sigue siendo legible.',
  noDocuments:
    'Este dispositivo aún no tiene la lista de órdenes. Los mensajes pasan en cuanto la tenga: conéctelo a la red.',
  announcement: (number, date) => `La orden ${number} suspenderá los mensajes en algunos lugares a partir del ${date}.`,
  displayedAt: {
    P30D: 'Avisado 30 días antes',
    P7D: 'Avisado 7 días antes',
    P1D: 'Avisado 1 día antes',
    PT1H: 'Avisado 1 hora antes',
    effective: 'Avisado al entrar en vigor',
    withdrawal: 'Avisado al retirarse',
  },
  displayedLate: 'Avisado',

  export: 'Guardar una copia de mis datos',
  more: 'Leer la orden',
  less: 'Mostrar menos',
  read: 'Leerla',

  title: 'Órdenes',
  intro: 'Todas las órdenes anunciadas o en vigor. No todas afectan a este dispositivo.',
  none: 'Ninguna orden está anunciada ni en vigor.',
};
