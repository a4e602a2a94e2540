/** Invented names of people, in the scripts of their countries. */
interface Names {
  readonly given: readonly string[];
  readonly family: readonly string[];
  /** Whether the family name precedes the given name. */
  readonly familyFirst?: true;
}

const list = (names: string) => names.split(', ');

/** Name lists by country. A country with more than one script has several lists, which its devices use alternately. */
const NAMES: Readonly<Record<string, readonly Names[]>> = {
  PK: [
    {
      given: list('Ayesha, Bilal, Fatima, Hamza, Hina, Imran, Kiran, Nadia, Omar, Rabia, Usman, Zainab'),
      family: list('Ahmed, Baloch, Butt, Chaudhry, Hussain, Iqbal, Khan, Malik, Qureshi, Rizvi, Siddiqui'),
    },
    {
      given: list('عائشہ, بلال, فاطمہ, حمزہ, حنا, عمران, کرن, نادیہ, عمر, رابعہ, عثمان'),
      family: list('احمد, بلوچ, بٹ, چوہدری, حسین, اقبال, خان, ملک, قریشی, رضوی'),
    },
  ],
  IN: [
    {
      given: list('Aditi, Arjun, Deepa, Gurpreet, Ishaan, Kavya, Meera, Nikhil, Priya, Rahul, Sunita, Vikram'),
      family: list('Banerjee, Desai, Gupta, Iyer, Joshi, Kaur, Nair, Patel, Rao, Sharma, Singh'),
    },
    {
      given: list('अदिति, अर्जुन, दीपा, कविता, मीरा, निखिल, प्रिया, राहुल, सुनीता, विक्रम, अनिल'),
      family: list('बनर्जी, देसाई, गुप्ता, जोशी, कौर, नायर, पटेल, राव, शर्मा, सिंह'),
    },
  ],
  AE: [
    {
      given: list('Ahmed, Aisha, Fatma, Hessa, Khalid, Latifa, Mansoor, Maryam, Noura, Rashid, Saeed'),
      family: list('Al Ali, Al Falasi, Al Hashimi, Al Ketbi, Al Mansoori, Al Marri, Al Nuaimi, Al Suwaidi'),
    },
    {
      given: list('أحمد, عائشة, فاطمة, حصة, خالد, لطيفة, منصور, مريم, نورة, راشد, سعيد'),
      family: list('العلي, الفلاسي, الهاشمي, الكتبي, المنصوري, المري, النعيمي, السويدي'),
    },
  ],
  SA: [
    {
      given: list('عبد الله, أمل, بدر, فهد, هيفاء, منيرة, نوف, ريم, سارة, سلطان, تركي, وليد'),
      family: list('الغامدي, الحربي, القحطاني, الدوسري, العتيبي, الزهراني, الشهري, المطيري, السبيعي'),
    },
  ],
  DE: [
    {
      given: list('Anja, Björn, Clara, Emre, Franziska, Jörg, Jürgen, Katharina, Lena, Matthias, Nele, Sören'),
      family: list('Bauer, Fischer, Großmann, Hoffmann, Köhler, Krüger, Müller, Schäfer, Vogel, Weiß, Yılmaz'),
    },
  ],
  FR: [
    {
      given: list('Amélie, Aurélien, Benoît, Camille, Chloé, Élodie, François, Hélène, Inès, Loïc, Théo, Zoé'),
      family: list('Benali, Bernard, Desprès, Dubois, Fontaine, Lefèvre, Lemaître, Moreau, Noël, Rousseau, Traoré'),
    },
  ],
  CA: [
    {
      given: list('Alice, Daniel, Émilie, Grace, Jean-Marc, Liam, Marie-Ève, Noah, Olivia, Priya, Tyler, Wei'),
      family: list('Bouchard, Campbell, Chen, Gagnon, Fraser, MacDonald, Morin, Singh, Tremblay, Wilson, Wong'),
    },
  ],
  GB: [
    {
      given: list('Amara, Callum, Eleri, Fiona, George, Harriet, Imogen, Oliver, Rhys, Sophie, Tariq, Zara'),
      family: list("Ahmed, Bennett, Clarke, Davies, Hughes, MacLeod, O'Neill, Okonkwo, Patel, Taylor, Wright"),
    },
  ],
  KE: [
    {
      given: list('Achieng, Brian, Chebet, Faith, Kamau, Kipchoge, Mercy, Njeri, Otieno, Wambui, Wanjiru'),
      family: list('Cheruiyot, Kamau, Kariuki, Kiplagat, Maina, Mutua, Mwangi, Ochieng, Odhiambo, Wafula'),
    },
  ],
  ID: [
    {
      given: list('Agus, Ayu, Budi, Citra, Dewi, Eko, Fitri, Indah, Putu, Rizky, Sri, Wayan'),
      family: list('Gunawan, Hartono, Kusuma, Lestari, Nugroho, Pratama, Rahayu, Santoso, Siregar, Wijaya'),
    },
  ],
  BR: [
    {
      given: list('Ana Luísa, Antônio, Beatriz, Conceição, Érica, Gonçalo, Inês, João, Lúcia, Mateus, Raíssa, Thaís'),
      family: list('Araújo, Carvalho, Conceição, Gonçalves, Lima, Magalhães, Nakamura, Oliveira, Ribeiro, Simões'),
    },
  ],
  JP: [
    {
      given: list('葵, 健太, 陽菜, 翔太, 美咲, 大輔, 結衣, 拓也, 由美子, 直樹, さくら'),
      family: list('佐藤, 鈴木, 高橋, 田中, 伊藤, 渡辺, 山本, 中村, 小林, 加藤'),
      familyFirst: true,
    },
  ],
  ZA: [
    {
      given: list('Anneke, Ayanda, Bongani, Johan, Lerato, Naledi, Pieter, Sibusiso, Thandiwe, Xolani, Zanele'),
      family: list('Botha, Dlamini, Govender, Khumalo, Mokoena, Ndlovu, Nkosi, Pillay, van der Merwe, Zulu'),
    },
  ],
  TR: [
    {
      given: list('Ayşe, Barış, Çağla, Doğan, Elif, Gökçe, İbrahim, Işıl, Mehmet, Özge, Şule, Uğur'),
      family: list('Aydın, Çelik, Doğan, Güneş, Kaya, Öztürk, Şahin, Yıldırım, Yılmaz, Yüce'),
    },
  ],
};

/** Name of the `n`th person of the country. Names repeat only when the lists are used up. */
export function nameIn(country: string, n: number): string {
  const kinds = NAMES[country] ?? [];
  const kind = kinds[n % kinds.length];
  if (!kind) throw new RangeError(`nobody is known in ${country}`);
  const { given, family, familyFirst } = kind;
  const turn = Math.floor(n / kinds.length);
  const first = given[turn % given.length];
  // Each round of the given names shifts the family names by one, so that the same pair does not return when the shorter list starts over.
  const last = family[(turn + Math.floor(turn / given.length) * 3) % family.length];
  return familyFirst ? `${last} ${first}` : `${first} ${last}`;
}
