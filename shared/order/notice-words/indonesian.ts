import type { NoticeWords } from './notice-words.ts';

export const INDONESIAN: NoticeWords = {
  tag: 'id',
  direction: 'ltr',
  suspended: 'Pesan ditangguhkan di perangkat ini',
  order: (number) => `Perintah ${number}`,
  untilDate: (date) => `(sampai ${date})`,
  untilWithdrawn: '(sampai dicabut)',
  statement: 'Isi perintah',
  language: 'Bahasa',
  authoritative: 'Teks ini adalah teks yang berlaku.',
  translation: (language) => `Teks yang berlaku: ${language}. Ini adalah terjemahan.`,

  services: 'Apa',
  service: {
    enrollment: 'Perangkat baru',
    management: 'Pengelolaan',
    messaging: 'Pesan',
    mail: 'Surel',
  },
  where: 'Di mana',
  why: 'Mengapa',
  reasons: {
    present: (areas) => `Perangkat ini berada di ${areas}.`,
    network: (areas) => `Jaringan seluler perangkat ini berada di ${areas}.`,
    home: (areas) => `Perangkat ini terdaftar di ${areas}.`,
    seat: (areas) => `Bagian organisasi Anda berkedudukan di ${areas}.`,
    contested: (areas) => `Belum pasti apakah perangkat ini berada di ${areas}; dalam hal itu perintah berlaku.`,
    unknown: () => 'Lokasi perangkat ini tidak diketahui; dalam hal itu perintah berlaku.',
    exempt: () => 'Perangkat ini dikecualikan dari perintah.',
    exemption_over: () => 'Perangkat ini pernah dikecualikan dari perintah, dan pengecualian itu sudah berakhir.',
    visitor_grace: () => 'Anda sedang berkunjung. Perintah belum berlaku bagi Anda.',
    traveler: () => 'Anda sedang bepergian.',
    no_order: () => 'Tidak ada perintah yang menyangkut perangkat ini.',
  },
  allowedReasons: {
    contested: (areas) => `Belum pasti apakah perangkat ini berada di ${areas}; dalam hal itu perintah tidak berlaku.`,
    unknown: () => 'Lokasi perangkat ini tidak diketahui; dalam hal itu perintah tidak berlaku.',
  },
  theArea: 'wilayah perintah',
  noBlockedService: 'Saat ini perintah tidak memblokir layanan apa pun di perangkat ini.',
  from: 'Mulai',
  since: 'Sejak',
  until: 'Sampai',
  open: 'perintah dicabut',
  appeal: 'Kontak untuk keberatan',
  paused: 'Dijeda',
  withdrawn: 'Dicabut: perintah tidak lagi memblokir layanan apa pun',
  ended: 'Berakhir: perintah tidak lagi memblokir layanan apa pun',

  waiting: 'Pesan untuk Anda',
  waitingIs: {
    hold: 'Pesan menunggu di server dalam keadaan tersegel dan tiba ketika perintah berakhir.',
    deliver:
      'Yang ditulis sebelumnya tetap tiba. Yang ditulis sekarang menunggu di server dalam keadaan tersegel dan tiba ketika perintah berakhir.',
    return:
      'Pesan kembali kepada penulisnya. Penulis diberi tahu bahwa pesan tidak sampai kepada Anda dan karena perintah yang mana.',
  },
  exit: {
    label: 'Untuk seterusnya',
    exportBy: (until) =>
      `Perintah ini mengakhiri layanan untuk seterusnya. Simpan salinan yang Anda perlukan sebelum ${until}: setelah itu dua orang dapat menyetujui penghapusan isi perangkat ini.`,
    approved:
      'Dua orang telah menyetujui penghapusan isi perangkat ini untuk seterusnya. Penghapusan terjadi segera setelah waktu untuk menyimpan salinan habis: lakukan sekarang.',
    wiped: (at) => `Isi perangkat ini telah dihapus oleh perintah ini pada ${at}. Isinya tidak dapat dikembalikan.`,
  },
  dataKept:
    'Tidak ada yang hilang: isi perangkat ini tetap dapat dibaca, dan Anda dapat menyimpan salinannya. Tidak seorang pun dapat membacanya berdasarkan perintah ini.',
  cannotWrite: 'Anda tidak dapat menulis selama perintah di atas berlaku. Isi di sini tetap dapat dibaca.',
  noDocuments:
    'Perangkat ini belum memiliki daftar perintah. Pesan dapat lewat setelah daftar itu ada: sambungkan perangkat ke jaringan.',
  announcement: (number, date) => `Perintah ${number} akan menangguhkan pesan di beberapa tempat mulai ${date}.`,
  displayedAt: {
    P30D: 'Diberitahukan 30 hari sebelumnya',
    P7D: 'Diberitahukan 7 hari sebelumnya',
    P1D: 'Diberitahukan 1 hari sebelumnya',
    PT1H: 'Diberitahukan 1 jam sebelumnya',
    effective: 'Diberitahukan saat mulai berlaku',
    withdrawal: 'Diberitahukan saat dicabut',
  },
  displayedLate: 'Diberitahukan',

  export: 'Simpan salinan data saya',
  more: 'Baca perintah',
  less: 'Tampilkan lebih sedikit',
  read: 'Baca',

  title: 'Daftar perintah',
  intro: 'Semua perintah yang diumumkan atau berlaku. Tidak semuanya menyangkut perangkat ini.',
  none: 'Tidak ada perintah yang diumumkan atau berlaku.',
};
