/** Texts about a restart or shutdown of the device whose countdown runs, in the languages of notices. */
import { noticeWordsIn } from '../order/notice-words/languages.ts';
import type { NoticeLanguage } from '../order/notice-words/notice-words.ts';
import type { PowerKind } from './power-action.ts';

interface KindWords {
  readonly title: string;
  readonly text: string;
  readonly now: string;
}

/** Texts with placeholders. `{time}` stands for the end of the countdown, `{minutes}` for the length of the delay. */
export interface PowerWords extends Readonly<Record<PowerKind, KindWords>> {
  readonly start: string;
  readonly save: string;
  readonly delay: string;
  readonly last: string;
}

export const POWER_WORDS_IN: Readonly<Record<NoticeLanguage, PowerWords>> = {
  ar: {
    'restart-device': {
      title: 'إعادة تشغيل الجهاز',
      text: 'ستعيد مؤسستك تشغيل هذا الجهاز.',
      now: 'إعادة التشغيل الآن',
    },
    'shut-down-device': {
      title: 'إيقاف تشغيل الجهاز',
      text: 'ستوقف مؤسستك تشغيل هذا الجهاز.',
      now: 'إيقاف التشغيل الآن',
    },
    start: 'الوقت: {time}',
    save: 'احفظ عملك قبل ذلك.',
    delay: 'التأجيل (عدد الدقائق: {minutes})',
    last: 'لا يمكنك التأجيل مرة أخرى.',
  },
  bn: {
    'restart-device': { title: 'ডিভাইস রিস্টার্ট', text: 'আপনার প্রতিষ্ঠান এই ডিভাইসটি রিস্টার্ট করবে।', now: 'এখন রিস্টার্ট করুন' },
    'shut-down-device': { title: 'ডিভাইস বন্ধ করা', text: 'আপনার প্রতিষ্ঠান এই ডিভাইসটি বন্ধ করবে।', now: 'এখন বন্ধ করুন' },
    start: 'সময়: {time}',
    save: 'তার আগে আপনার কাজ সেভ করুন।',
    delay: '{minutes} মিনিট পিছিয়ে দিন',
    last: 'আপনি আর পিছিয়ে দিতে পারবেন না।',
  },
  de: {
    'restart-device': {
      title: 'Neustart des Geräts',
      text: 'Ihre Organisation startet dieses Gerät neu.',
      now: 'Jetzt neu starten',
    },
    'shut-down-device': {
      title: 'Herunterfahren des Geräts',
      text: 'Ihre Organisation fährt dieses Gerät herunter.',
      now: 'Jetzt herunterfahren',
    },
    start: 'Zeitpunkt: {time}',
    save: 'Speichern Sie vorher Ihre Arbeit.',
    delay: 'Um {minutes} Min. verschieben',
    last: 'Sie können nicht noch einmal verschieben.',
  },
  en: {
    'restart-device': {
      title: 'Restart of the device',
      text: 'Your organization restarts this device.',
      now: 'Restart now',
    },
    'shut-down-device': {
      title: 'Shutdown of the device',
      text: 'Your organization shuts down this device.',
      now: 'Shut down now',
    },
    start: 'Time: {time}',
    save: 'Save your work before then.',
    delay: 'Delay by {minutes} min',
    last: 'You cannot delay it again.',
  },
  es: {
    'restart-device': {
      title: 'Reinicio del dispositivo',
      text: 'Su organización reiniciará este dispositivo.',
      now: 'Reiniciar ahora',
    },
    'shut-down-device': {
      title: 'Apagado del dispositivo',
      text: 'Su organización apagará este dispositivo.',
      now: 'Apagar ahora',
    },
    start: 'Hora: {time}',
    save: 'Guarde antes su trabajo.',
    delay: 'Aplazar {minutes} min',
    last: 'No puede aplazarlo otra vez.',
  },
  fa: {
    'restart-device': {
      title: 'راه‌اندازی مجدد دستگاه',
      text: 'سازمان شما این دستگاه را دوباره راه‌اندازی می‌کند.',
      now: 'اکنون دوباره راه‌اندازی شود',
    },
    'shut-down-device': {
      title: 'خاموش کردن دستگاه',
      text: 'سازمان شما این دستگاه را خاموش می‌کند.',
      now: 'اکنون خاموش شود',
    },
    start: 'زمان: {time}',
    save: 'پیش از آن کار خود را ذخیره کنید.',
    delay: '{minutes} دقیقه به تعویق بیفتد',
    last: 'نمی‌توانید دوباره آن را به تعویق بیندازید.',
  },
  fr: {
    'restart-device': {
      title: 'Redémarrage de l’appareil',
      text: 'Votre organisation va redémarrer cet appareil.',
      now: 'Redémarrer maintenant',
    },
    'shut-down-device': {
      title: 'Arrêt de l’appareil',
      text: 'Votre organisation va éteindre cet appareil.',
      now: 'Éteindre maintenant',
    },
    start: 'Heure : {time}',
    save: 'Enregistrez votre travail avant.',
    delay: 'Reporter de {minutes} min',
    last: 'Vous ne pouvez plus le reporter.',
  },
  hi: {
    'restart-device': {
      title: 'डिवाइस का रीस्टार्ट',
      text: 'आपका संगठन इस डिवाइस को रीस्टार्ट करेगा।',
      now: 'अभी रीस्टार्ट करें',
    },
    'shut-down-device': { title: 'डिवाइस बंद करना', text: 'आपका संगठन इस डिवाइस को बंद करेगा।', now: 'अभी बंद करें' },
    start: 'समय: {time}',
    save: 'उससे पहले अपना काम सेव करें।',
    delay: '{minutes} मिनट टालें',
    last: 'आप इसे फिर से नहीं टाल सकते।',
  },
  id: {
    'restart-device': {
      title: 'Mulai ulang perangkat',
      text: 'Organisasi Anda akan memulai ulang perangkat ini.',
      now: 'Mulai ulang sekarang',
    },
    'shut-down-device': {
      title: 'Pematian perangkat',
      text: 'Organisasi Anda akan mematikan perangkat ini.',
      now: 'Matikan sekarang',
    },
    start: 'Waktu: {time}',
    save: 'Simpan pekerjaan Anda sebelum itu.',
    delay: 'Tunda {minutes} menit',
    last: 'Anda tidak dapat menundanya lagi.',
  },
  kk: {
    'restart-device': {
      title: 'Құрылғыны қайта іске қосу',
      text: 'Ұйымыңыз осы құрылғыны қайта іске қосады.',
      now: 'Қазір қайта іске қосу',
    },
    'shut-down-device': { title: 'Құрылғыны өшіру', text: 'Ұйымыңыз осы құрылғыны өшіреді.', now: 'Қазір өшіру' },
    start: 'Уақыты: {time}',
    save: 'Оған дейін жұмысыңызды сақтаңыз.',
    delay: '{minutes} минутқа кейінге қалдыру',
    last: 'Енді кейінге қалдыра алмайсыз.',
  },
  pt: {
    'restart-device': {
      title: 'Reinicialização do dispositivo',
      text: 'Sua organização vai reiniciar este dispositivo.',
      now: 'Reiniciar agora',
    },
    'shut-down-device': {
      title: 'Desligamento do dispositivo',
      text: 'Sua organização vai desligar este dispositivo.',
      now: 'Desligar agora',
    },
    start: 'Horário: {time}',
    save: 'Salve seu trabalho antes.',
    delay: 'Adiar por {minutes} min',
    last: 'Você não pode adiar novamente.',
  },
  ru: {
    'restart-device': {
      title: 'Перезагрузка устройства',
      text: 'Ваша организация перезагрузит это устройство.',
      now: 'Перезагрузить сейчас',
    },
    'shut-down-device': {
      title: 'Выключение устройства',
      text: 'Ваша организация выключит это устройство.',
      now: 'Выключить сейчас',
    },
    start: 'Время: {time}',
    save: 'Сохраните свою работу до этого.',
    delay: 'Отложить на {minutes} мин',
    last: 'Вы больше не можете отложить.',
  },
  tr: {
    'restart-device': {
      title: 'Cihazın yeniden başlatılması',
      text: 'Kuruluşunuz bu cihazı yeniden başlatacak.',
      now: 'Şimdi yeniden başlat',
    },
    'shut-down-device': { title: 'Cihazın kapatılması', text: 'Kuruluşunuz bu cihazı kapatacak.', now: 'Şimdi kapat' },
    start: 'Saat: {time}',
    save: 'Öncesinde çalışmanızı kaydedin.',
    delay: '{minutes} dakika ertele',
    last: 'Bir daha erteleyemezsiniz.',
  },
  ur: {
    'restart-device': {
      title: 'آلے کا ری اسٹارٹ',
      text: 'آپ کا ادارہ اس آلے کو ری اسٹارٹ کرے گا۔',
      now: 'ابھی ری اسٹارٹ کریں',
    },
    'shut-down-device': { title: 'آلے کو بند کرنا', text: 'آپ کا ادارہ اس آلے کو بند کرے گا۔', now: 'ابھی بند کریں' },
    start: 'وقت: {time}',
    save: 'اس سے پہلے اپنا کام محفوظ کریں۔',
    delay: '{minutes} منٹ مؤخر کریں',
    last: 'آپ اسے دوبارہ مؤخر نہیں کر سکتے۔',
  },
  zh: {
    'restart-device': { title: '设备重新启动', text: '您的组织将重新启动此设备。', now: '立即重新启动' },
    'shut-down-device': { title: '设备关机', text: '您的组织将关闭此设备。', now: '立即关机' },
    start: '时间：{time}',
    save: '请在此之前保存您的工作。',
    delay: '推迟 {minutes} 分钟',
    last: '您不能再次推迟。',
  },
};

/** Texts in the best language for the reader. `languages`: BCP 47 tags, most preferred first. */
export const powerWordsIn = (languages: readonly string[]): PowerWords => POWER_WORDS_IN[noticeWordsIn(languages).tag];
