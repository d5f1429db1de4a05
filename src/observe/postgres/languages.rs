//! What the server says in other languages than English (`lc_messages`): the words of its lines and the messages that are
//! asked for, from the catalogues of PostgreSQL 15.

use super::message::{Message, Severity, milliseconds, session_time};
use super::prefix::Part;

struct Language {
    log: &'static str,
    failures: [&'static str; 3],
    warnings: [&'static str; 2],
    detail: &'static str,
    statement: &'static str,
    context: &'static str,
    others: [&'static str; 2],
    /// Before the time of a message (some translators wrote two), its unit, and what stands between it and a statement.
    took: [&'static str; 2],
    unit: &'static str,
    sent: &'static str,
    /// Before a statement without a time.
    said: &'static str,
    execute: &'static str,
    fetch: &'static str,
    parameters: &'static str,
    /// Before the time of a session that is over.
    ended: &'static str,
    deadlock: &'static str,
}

#[rustfmt::skip]
static LANGUAGES: [Language; 10] = [
    Language {
        log: "LOG", failures: ["FEHLER", "FATAL", "PANIK"], warnings: ["WARNUNG", "HINWEIS"], detail: "DETAIL",
        statement: "ANWEISUNG", context: "ZUSAMMENHANG", others: ["TIPP", "ANFRAGE"], took: ["Dauer: ", "Dauer: "], unit: " ms",
        sent: "  Anweisung: ", said: "Anweisung: ", execute: "Ausführen", fetch: "Ausführen Fetch von",
        parameters: "Parameter: ", ended: "Verbindungsende: Sitzungszeit: ", deadlock: "Verklemmung (Deadlock) entdeckt",
    },
    Language {
        log: "LOG", failures: ["ERROR", "FATAL", "PANIC"], warnings: ["WARNING", "NOTICE"], detail: "DETALLE",
        statement: "SENTENCIA", context: "CONTEXTO", others: ["HINT", "CONSULTA"], took: ["duración: ", "duración: "], unit: " ms",
        sent: "  sentencia: ", said: "sentencia: ", execute: "ejecutar", fetch: "ejecutar fetch desde",
        parameters: "parámetros: ", ended: "desconexión: duración de sesión: ", deadlock: "se ha detectado un deadlock",
    },
    Language {
        log: "LOG", failures: ["ERREUR", "FATAL", "PANIC"], warnings: ["ATTENTION", "NOTICE"], detail: "DÉTAIL",
        statement: "INSTRUCTION", context: "CONTEXTE", others: ["ASTUCE", "REQUÊTE"], took: ["durée : ", "durée : "], unit: " ms",
        sent: ", instruction : ", said: "instruction : ", execute: "exécute", fetch: "exécute fetch à partir de",
        parameters: "paramètres : ", ended: "déconnexion : durée de la session : ",
        deadlock: "interblocage (deadlock) détecté",
    },
    Language {
        log: "LOG", failures: ["ERRORE", "FATALE", "PANICO"], warnings: ["ATTENZIONE", "NOTIFICA"], detail: "DETTAGLI",
        statement: "ISTRUZIONE", context: "CONTESTO", others: ["SUGGERIMENTO", "QUERY"], took: ["durata: ", "durata: "], unit: " ms",
        sent: "  istruzione: ", said: "istruzione: ", execute: "esecuzione di", fetch: "esecuzione di fetch da",
        parameters: "parametri: ", ended: "disconnessione: tempo della sessione: ", deadlock: "rilevato deadlock",
    },
    Language {
        log: "LOG", failures: ["ERROR", "FATAL", "PANIC"], warnings: ["WARNING", "NOTICE"], detail: "詳細",
        statement: "文", context: "文脈", others: ["ヒント", "問い合わせ"], took: ["期間: ", "期間: "], unit: " ミリ秒",
        sent: "  文: ", said: "文: ", execute: "実行", fetch: "取り出し実行",
        parameters: "パラメータ: ", ended: "接続を切断: セッション時間: ", deadlock: "デッドロックを検出しました",
    },
    Language {
        log: "로그", failures: ["오류", "치명적오류", "손상"], warnings: ["경고", "알림"], detail: "상세정보",
        statement: "명령 구문", context: "내용", others: ["힌트", "쿼리"], took: ["실행시간: ", "수행시간: "], unit: " ms",
        sent: "  명령 구문: ", said: "명령 구문: ", execute: "쿼리실행", fetch: "자료뽑기",
        parameters: "매개 변수: ", ended: "연결종료: 세션 시간: ", deadlock: "deadlock 발생했음",
    },
    Language {
        log: "СООБЩЕНИЕ", failures: ["ОШИБКА", "ВАЖНО", "ПАНИКА"], warnings: ["ПРЕДУПРЕЖДЕНИЕ", "ЗАМЕЧАНИЕ"],
        detail: "ПОДРОБНОСТИ", statement: "ОПЕРАТОР", context: "КОНТЕКСТ", others: ["ПОДСКАЗКА", "ЗАПРОС"],
        took: ["продолжительность: ", "продолжительность: "], unit: " мс", sent: ", оператор: ", said: "оператор: ", execute: "выполнение",
        fetch: "выборка из", parameters: "параметры: ", ended: "отключение: время сеанса: ",
        deadlock: "обнаружена взаимоблокировка",
    },
    Language {
        log: "LOGG", failures: ["FEL", "FATALT", "PANIK"], warnings: ["VARNING", "NOTIS"], detail: "DETALJ",
        statement: "SATS", context: "KONTEXT", others: ["TIPS", "FRÅGA"], took: ["varaktighet: ", "varaktighet "], unit: " ms",
        sent: "  sats: ", said: "sats: ", execute: "kör", fetch: "kör hämtning från",
        parameters: "parametrar: ", ended: "nedkoppling: sessionstid: ", deadlock: "deadlock upptäckt",
    },
    Language {
        log: "ЗАПИСУВАННЯ", failures: ["ПОМИЛКА", "ФАТАЛЬНО", "ПАНІКА"], warnings: ["ПОПЕРЕДЖЕННЯ", "ПОВІДОМЛЕННЯ"],
        detail: "ВІДОМОСТІ", statement: "ІНСТРУКЦІЯ", context: "КОНТЕКСТ", others: ["УКАЗІВКА", "ЗАПИТ"],
        took: ["тривалість: ", "тривалість: "], unit: " мс", sent: ", оператор: ", said: "оператор: ", execute: "виконувати",
        fetch: "виконати витягнення з", parameters: "параметри: ", ended: "відключення: час сеансу: ",
        deadlock: "виявлено взаємне блокування",
    },
    Language {
        log: "日志", failures: ["错误", "致命错误", "比致命错误还过分的错误"], warnings: ["警告", "注意"],
        detail: "详细信息", statement: "语句", context: "上下文", others: ["提示", "查询"], took: ["执行时间: ", "执行时间: "], unit: " ms",
        sent: " 语句: ", said: "语句: ", execute: "执行", fetch: "执行FETCH操作", parameters: "参数: ",
        ended: "断开连接: 会话时间: ", deadlock: "检测到死锁",
    },
];

impl Language {
    fn severities(&self) -> impl Iterator<Item = (&'static str, Severity)> {
        let failures = self.failures.iter().map(|word| (*word, Severity::Failure));
        let warnings = self.warnings.iter().map(|word| (*word, Severity::Other));
        std::iter::once((self.log, Severity::Log)).chain(failures).chain(warnings)
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, Part)> {
        let texts = [(self.detail, Part::Detail), (self.statement, Part::Statement), (self.context, Part::Context)];
        let others = self.others.iter().map(|word| (*word, Part::Other));
        self.severities().map(|(word, severity)| (word, Part::Message(severity))).chain(texts).chain(others)
    }

    fn message<'a>(&self, text: &'a str) -> Option<Message<'a>> {
        if let Some(rest) = self.took.iter().find_map(|took| text.strip_prefix(*took)) {
            let (took_us, rest) = milliseconds(rest, self.unit)?;
            if let Some(sql) = rest.strip_prefix(self.sent) {
                return Some(Message::Sent { sql, took_us: Some(took_us) });
            }
            let executed = self.executed(rest.trim_start_matches([' ', ',']), Some(took_us));
            return Some(if rest.is_empty() { Message::Took(took_us) } else { executed.unwrap_or(Message::Step) });
        }
        if let Some(sql) = text.strip_prefix(self.said) {
            return Some(Message::Sent { sql, took_us: None });
        }
        if let Some(rest) = text.strip_prefix(self.ended) {
            return Some(Message::Ended { took_us: session_time(rest) });
        }
        if text == self.deadlock {
            return Some(Message::Deadlock);
        }
        self.executed(text, None)
    }

    fn executed<'a>(&self, text: &'a str, took_us: Option<u64>) -> Option<Message<'a>> {
        if text.starts_with(self.fetch) {
            return Some(Message::Step);
        }
        let (_, sql) = text.strip_prefix(self.execute)?.split_once(": ")?;
        Some(Message::Sent { sql, took_us })
    }
}

pub(super) fn severity(word: &str) -> Option<Severity> {
    LANGUAGES.iter().flat_map(Language::severities).find(|(known, _)| *known == word).map(|(_, severity)| severity)
}

/// What the text before the colon of a line ends with, and where that begins.
pub(super) fn part(before: &str) -> Option<(usize, Part)> {
    let before = before.trim_end_matches(' ');
    let ends = |(word, part): (&str, Part)| {
        let rest = before.strip_suffix(word)?;
        (!rest.ends_with(char::is_alphanumeric)).then_some((rest.len(), part))
    };
    LANGUAGES.iter().flat_map(Language::parts).find_map(ends)
}

pub(super) fn message(text: &str) -> Option<Message<'_>> {
    LANGUAGES.iter().find_map(|language| language.message(text))
}

/// The list behind the word for it.
pub(super) fn parameters(detail: &str) -> Option<&str> {
    LANGUAGES.iter().find_map(|language| detail.strip_prefix(language.parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_in_other_languages() {
        let sent = |sql, took_us| Some(Message::Sent { sql, took_us });
        assert_eq!(message("Dauer: 0.667 ms  Anweisung: SELECT 1"), sent("SELECT 1", Some(667)));
        assert_eq!(message("durée : 0.667 ms, instruction : SELECT 1"), sent("SELECT 1", Some(667)));
        assert_eq!(message("期間: 0.667 ミリ秒  実行 <unnamed>: SELECT 1"), sent("SELECT 1", Some(667)));
        assert_eq!(message("продолжительность: 0.667 мс, разбор <unnamed>: SELECT 1"), Some(Message::Step));
        assert_eq!(message("执行时间: 0.667 ms 绑定<unnamed>: SELECT 1"), Some(Message::Step));
        assert_eq!(message("Ausführen Fetch von <unnamed>: SELECT 1"), Some(Message::Step));
        assert_eq!(message("수행시간: 0.667 ms  쿼리실행 <unnamed>: SELECT 1"), sent("SELECT 1", Some(667)));
        assert_eq!(message("varaktighet 1.000 ms"), Some(Message::Took(1000)));
        assert_eq!(message("checkpoint starting: time"), None);
        assert_eq!(part("[7] app@shop INSTRUCTION "), Some((13, Part::Statement)));
        assert_eq!(part("[7] 치명적오류"), Some((4, Part::Message(Severity::Failure))));
        assert_eq!(parameters("Parameter: $1 = '1'"), Some("$1 = '1'"));
    }
}
