"""The full form of a given name that is told short: Саша is Александр, Bill is William.

Short forms of several names (Слава, Валя; Alex, Sam) are left as they are, and so are those that
have become names of their own (Jack, Harry).
"""

from __future__ import annotations

SHORT_FORMS = {
    "Александр": "саша саня шура", "Алексей": "леша алеша", "Анатолий": "толя",
    "Андрей": "андрюша", "Антон": "антоша", "Аркадий": "аркаша", "Борис": "боря",
    "Вадим": "вадик", "Василий": "вася", "Виктор": "витя", "Виталий": "виталик",
    "Владимир": "вова володя", "Владислав": "влад", "Геннадий": "гена", "Георгий": "гоша жора",
    "Григорий": "гриша", "Даниил": "даня данила данил", "Дмитрий": "дима митя",
    "Евгений": "женя", "Иван": "ваня", "Илья": "илюша", "Кирилл": "кирюша",
    "Константин": "костя", "Леонид": "леня", "Максим": "макс", "Михаил": "миша",
    "Николай": "коля", "Павел": "паша", "Петр": "петя", "Роман": "рома", "Руслан": "русик",
    "Сергей": "сережа серега", "Станислав": "стас", "Степан": "степа", "Федор": "федя",
    "Эдуард": "эдик", "Юрий": "юра", "Яков": "яша", "Ярослав": "ярик",
    "Анастасия": "настя", "Анна": "аня анюта", "Виктория": "вика", "Галина": "галя",
    "Дарья": "даша дария", "Екатерина": "катя катюша", "Елена": "лена", "Елизавета": "лиза",
    "Зинаида": "зина", "Ирина": "ира", "Ксения": "ксюша", "Лариса": "лара", "Лидия": "лида",
    "Любовь": "люба", "Людмила": "люда", "Маргарита": "рита", "Мария": "маша", "Надежда": "надя",
    "Наталья": "наташа наталия", "Ольга": "оля", "Светлана": "света", "София": "соня софья",
    "Тамара": "тома", "Татьяна": "таня", "Юлия": "юля",
    "Andrew": "andy", "Anthony": "tony", "Arthur": "art artie",
    "Benjamin": "ben benny", "Charles": "charlie charley chuck", "Daniel": "dan danny",
    "David": "dave davy", "Donald": "don", "Edward": "ed eddie ned ted",
    "Francis": "frank frankie", "Frederick": "fred freddy", "Gregory": "greg",
    "Henry": "hank", "James": "jim jimmy jamie", "Jeffrey": "jeff", "John": "johnny",
    "Joseph": "joe joey", "Kenneth": "ken", "Lawrence": "larry", "Leonard": "len lenny",
    "Matthew": "matt", "Michael": "mike mick mickey", "Nicholas": "nick", "Patrick": "paddy",
    "Peter": "pete", "Philip": "phil", "Richard": "dick rich rick ricky",
    "Robert": "bob bobby rob robbie", "Ronald": "ron", "Stephen": "steve steven",
    "Thomas": "tom tommy", "Timothy": "tim", "Vincent": "vince", "Walter": "walt wally",
    "William": "bill billy will willie willy", "Zachary": "zach zack",
    "Abigail": "abby", "Anne": "ann annie", "Barbara": "barb",
    "Catherine": "katherine kathryn kate katie kathy cathy kitty", "Deborah": "debbie",
    "Dorothy": "dolly dot", "Eleanor": "nell nellie",
    "Elizabeth": "bess bessie beth betty liz lizzie", "Florence": "flo flossie",
    "Frances": "fanny", "Harriet": "hattie", "Judith": "judy", "Margaret": "maggie meg peggy",
    "Rebecca": "becky", "Sarah": "sally sallie", "Susan": "sue susie", "Virginia": "ginny",
    "Winifred": "winnie",
}  # fmt: skip
"""Full form → its short ones."""
FULL_NAMES = {
    short: full.lower() for full, listed in SHORT_FORMS.items() for short in listed.split()
}
"""Short form → full form, both in lower case and in their own script."""
