import type { NoticeWords } from './notice-words.ts';

export const TURKISH: NoticeWords = {
  tag: 'tr',
  direction: 'ltr',
  suspended: 'Bu cihazda mesajlar askıya alındı',
  order: (number) => `Karar ${number}`,
  untilDate: (date) => `(bitiş: ${date})`,
  untilWithdrawn: '(geri alınana kadar)',
  statement: 'Kararın metni',
  language: 'Dil',
  authoritative: 'Bu metin esas metindir.',
  translation: (language) => `Esas metin: ${language}. Bu bir çeviridir.`,

  services: 'Ne',
  service: {
    enrollment: 'Yeni cihazlar',
    management: 'Yönetim',
    messaging: 'Mesajlar',
    mail: 'E-posta',
  },
  where: 'Nerede',
  why: 'Neden',
  reasons: {
    present: (areas) => `Bu cihazın bulunduğu yer: ${areas}.`,
    network: (areas) => `Bu cihazın mobil şebekesinin bulunduğu yer: ${areas}.`,
    home: (areas) => `Bu cihazın kayıtlı olduğu yer: ${areas}.`,
    seat: (areas) => `Kuruluşun size ait bölümünün merkezi: ${areas}.`,
    contested: (areas) => `Bu cihazın şurada olup olmadığı kesin değil: ${areas}. Bu durumda karar uygulanır.`,
    unknown: () => 'Bu cihazın nerede olduğu bilinmiyor. Bu durumda karar uygulanır.',
    exempt: () => 'Bu cihaz karardan muaf.',
    exemption_over: () => 'Bu cihaz karardan muaftı; muafiyetin süresi doldu.',
    visitor_grace: () => 'Ziyaretçisiniz. Karar size henüz uygulanmıyor.',
    traveler: () => 'Seyahattesiniz.',
    no_order: () => 'Hiçbir karar bu cihazla ilgili değil.',
  },
  allowedReasons: {
    contested: (areas) => `Bu cihazın şurada olup olmadığı kesin değil: ${areas}. Bu durumda karar uygulanmaz.`,
    unknown: () => 'Bu cihazın nerede olduğu bilinmiyor. Bu durumda karar uygulanmaz.',
  },
  theArea: 'kararın kapsadığı bölge',
  noBlockedService: 'Karar şu anda bu cihazda hiçbir hizmeti engellemiyor.',
  from: 'Başlangıç',
  since: 'Şu tarihten beri',
  until: 'Bitiş',
  open: 'karar geri alınana kadar',
  appeal: 'İtiraz edilecek yer',
  paused: 'Duraklatıldı',
  withdrawn: 'Geri alındı: karar artık hiçbir hizmeti engellemiyor',
  ended: 'Sona erdi: karar artık hiçbir hizmeti engellemiyor',

  waiting: 'Size gelen mesajlar',
  waitingIs: {
    hold: 'Sunucuda mühürlü olarak bekler ve karar sona erdiğinde gelir.',
    deliver:
      'Daha önce yazılanlar yine gelir. Şimdi yazılanlar sunucuda mühürlü olarak bekler ve karar sona erdiğinde gelir.',
    return:
      'Yazan kişiye geri döner. Bu kişiye mesajların size ulaşmadığı ve bunun hangi karardan kaynaklandığı bildirilir.',
  },
  exit: {
    label: 'Kalıcı olarak',
    exportBy: (until) =>
      `Karar hizmeti kalıcı olarak sona erdirir. Gerekli verilerin bir kopyasını en geç ${until} tarihine kadar kaydedin: sonrasında iki kişi bu cihazdaki verilerin silinmesini onaylayabilir.`,
    approved:
      'İki kişi bu cihazdaki verilerin kalıcı olarak silinmesini onayladı. Kopya kaydetme süresi biter bitmez silinir: kopyayı şimdi kaydedin.',
    wiped: (at) => `Bu cihazdaki veriler bu kararla silindi (${at}). Geri getirilemez.`,
  },
  dataKept:
    'Hiçbir şey kaybolmadı: bu cihazdaki veriler okunabilir kalır ve bir kopyasını kaydedebilirsiniz. Bu kararla kimse onları okuyamaz.',
  cannotWrite: 'Yukarıdaki karar yürürlükteyken yazamazsınız. Buradaki içerik okunabilir kalır.',
  noDocuments: 'Bu cihazda henüz karar listesi yok. Liste geldiğinde mesajlar iletilir: cihazı ağa bağlayın.',
  announcement: (number, date) => `${number} numaralı karar bazı yerlerde mesajları askıya alacak. Başlangıç: ${date}.`,
  displayedAt: {
    P30D: '30 gün önce bildirildi',
    P7D: '7 gün önce bildirildi',
    P1D: '1 gün önce bildirildi',
    PT1H: '1 saat önce bildirildi',
    effective: 'Yürürlüğe girdiğinde bildirildi',
    withdrawal: 'Geri alındığında bildirildi',
  },
  displayedLate: 'Bildirildi',

  export: 'Verilerimin bir kopyasını kaydet',
  more: 'Kararı oku',
  less: 'Daha az göster',
  read: 'Oku',

  title: 'Kararlar',
  intro: 'Duyurulan veya yürürlükte olan tüm kararlar. Hepsi bu cihazla ilgili değildir.',
  none: 'Duyurulan veya yürürlükte olan karar yok.',
};
