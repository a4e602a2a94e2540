/** Texts about lost mode on the device, in the languages of notices. */
import { noticeWordsIn } from '../order/notice-words/languages.ts';
import type { NoticeLanguage } from '../order/notice-words/notice-words.ts';

/** `{reason}`, `{contact}` and `{time}` stand for the texts of the admin and for the latest end. */
export interface LostWords {
  readonly title: string;
  readonly text: string;
  readonly reason: string;
  readonly contact: string;
  readonly until: string;
  readonly end: string;
  readonly off: string;
}

export const LOST_WORDS_IN: Readonly<Record<NoticeLanguage, LostWords>> = {
  ar: {
    title: 'وضع الفقدان مفعّل',
    text: 'تتلقى مؤسستك موقع هذا الجهاز.',
    reason: 'السبب: {reason}',
    contact: 'إذا وجدت هذا الجهاز: {contact}',
    until: 'ينتهي في موعد أقصاه: {time}',
    end: 'إنهاء وضع الفقدان',
    off: 'وضع الفقدان متوقف.',
  },
  bn: {
    title: 'হারানো মোড চালু আছে',
    text: 'আপনার প্রতিষ্ঠান এই ডিভাইসের অবস্থান পাচ্ছে।',
    reason: 'কারণ: {reason}',
    contact: 'আপনি এই ডিভাইসটি পেয়ে থাকলে: {contact}',
    until: 'সর্বশেষ সমাপ্তি: {time}',
    end: 'হারানো মোড শেষ করুন',
    off: 'হারানো মোড বন্ধ আছে।',
  },
  de: {
    title: 'Der Verlustmodus ist an',
    text: 'Ihre Organisation erhält die Position dieses Geräts.',
    reason: 'Grund: {reason}',
    contact: 'Wenn Sie dieses Gerät gefunden haben: {contact}',
    until: 'Spätestes Ende: {time}',
    end: 'Verlustmodus beenden',
    off: 'Der Verlustmodus ist aus.',
  },
  en: {
    title: 'Lost mode is on',
    text: 'Your organization receives the position of this device.',
    reason: 'Reason: {reason}',
    contact: 'If you have found this device: {contact}',
    until: 'Latest end: {time}',
    end: 'End lost mode',
    off: 'Lost mode is off.',
  },
  es: {
    title: 'El modo perdido está activado',
    text: 'Su organización recibe la posición de este dispositivo.',
    reason: 'Motivo: {reason}',
    contact: 'Si ha encontrado este dispositivo: {contact}',
    until: 'Termina a más tardar: {time}',
    end: 'Finalizar el modo perdido',
    off: 'El modo perdido está desactivado.',
  },
  fa: {
    title: 'حالت گم‌شده روشن است',
    text: 'سازمان شما موقعیت این دستگاه را دریافت می‌کند.',
    reason: 'دلیل: {reason}',
    contact: 'اگر این دستگاه را پیدا کرده‌اید: {contact}',
    until: 'حداکثر تا: {time}',
    end: 'پایان حالت گم‌شده',
    off: 'حالت گم‌شده خاموش است.',
  },
  fr: {
    title: 'Le mode perdu est activé',
    text: 'Votre organisation reçoit la position de cet appareil.',
    reason: 'Motif : {reason}',
    contact: 'Si vous avez trouvé cet appareil : {contact}',
    until: 'Fin au plus tard : {time}',
    end: 'Arrêter le mode perdu',
    off: 'Le mode perdu est désactivé.',
  },
  hi: {
    title: 'खोया मोड चालू है',
    text: 'आपके संगठन को इस डिवाइस की स्थिति मिलती है।',
    reason: 'कारण: {reason}',
    contact: 'यदि आपको यह डिवाइस मिला है: {contact}',
    until: 'अधिकतम समाप्ति: {time}',
    end: 'खोया मोड समाप्त करें',
    off: 'खोया मोड बंद है।',
  },
  id: {
    title: 'Mode hilang aktif',
    text: 'Organisasi Anda menerima posisi perangkat ini.',
    reason: 'Alasan: {reason}',
    contact: 'Jika Anda menemukan perangkat ini: {contact}',
    until: 'Berakhir paling lambat: {time}',
    end: 'Akhiri mode hilang',
    off: 'Mode hilang tidak aktif.',
  },
  kk: {
    title: 'Жоғалған режимі қосулы',
    text: 'Ұйымыңыз осы құрылғының орнын алып тұрады.',
    reason: 'Себебі: {reason}',
    contact: 'Осы құрылғыны тапсаңыз: {contact}',
    until: 'Ең кеш аяқталуы: {time}',
    end: 'Жоғалған режимін аяқтау',
    off: 'Жоғалған режимі өшірулі.',
  },
  pt: {
    title: 'O modo perdido está ativado',
    text: 'Sua organização recebe a posição deste dispositivo.',
    reason: 'Motivo: {reason}',
    contact: 'Se você encontrou este dispositivo: {contact}',
    until: 'Término no máximo em: {time}',
    end: 'Encerrar o modo perdido',
    off: 'O modo perdido está desativado.',
  },
  ru: {
    title: 'Режим пропажи включён',
    text: 'Ваша организация получает координаты этого устройства.',
    reason: 'Причина: {reason}',
    contact: 'Если вы нашли это устройство: {contact}',
    until: 'Закончится не позднее: {time}',
    end: 'Завершить режим пропажи',
    off: 'Режим пропажи выключен.',
  },
  tr: {
    title: 'Kayıp modu açık',
    text: 'Kuruluşunuz bu cihazın konumunu alıyor.',
    reason: 'Neden: {reason}',
    contact: 'Bu cihazı bulduysanız: {contact}',
    until: 'En geç bitiş: {time}',
    end: 'Kayıp modunu bitir',
    off: 'Kayıp modu kapalı.',
  },
  ur: {
    title: 'گمشدہ موڈ آن ہے',
    text: 'آپ کے ادارے کو اس آلے کا مقام ملتا ہے۔',
    reason: 'وجہ: {reason}',
    contact: 'اگر آپ کو یہ آلہ ملا ہے: {contact}',
    until: 'زیادہ سے زیادہ اختتام: {time}',
    end: 'گمشدہ موڈ ختم کریں',
    off: 'گمشدہ موڈ بند ہے۔',
  },
  zh: {
    title: '丢失模式已开启',
    text: '您的组织会收到此设备的位置。',
    reason: '原因：{reason}',
    contact: '如果您捡到此设备：{contact}',
    until: '最迟结束时间：{time}',
    end: '结束丢失模式',
    off: '丢失模式已关闭。',
  },
};

/** Texts in the best language for the reader. `languages`: BCP 47 tags, most preferred first. */
export const lostWordsIn = (languages: readonly string[]): LostWords => LOST_WORDS_IN[noticeWordsIn(languages).tag];
