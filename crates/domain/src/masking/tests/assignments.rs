//! How far values reach that a text gives to names, in every form in which texts give them.

use super::detectors::{check, check_untouched};
use super::masked_text;

/// Texts that hold braces themselves, with what is left of them.
fn check_left(texts: &[(&str, &str)]) {
    for (text, left) in texts {
        let once = masked_text(text);
        assert_eq!(once, *left, "{text}");
        assert_eq!(masked_text(&once), *left, "{text}");
    }
}

#[test]
fn a_list_or_an_object_of_a_telling_name_goes_as_a_whole() {
    check_left(&[
        (r#""password":["hunter2"]}"#, r#""password":[redacted:password]}"#),
        (r#"{"password":{"value":"hunter2"},"n":1}"#, r#"{"password":[redacted:password],"n":1}"#),
        (
            r#"{"password": [ "a]", {"b": "}\"]"} ], "n": 1}"#,
            r#"{"password": [redacted:password], "n": 1}"#,
        ),
        (
            r#""{\"password\":{\"v\":\"a}\\\"b\"},\"n\":1}""#,
            r#""{\"password\":[redacted:password],\"n\":1}""#,
        ),
        ("password={'v': 'a}b', 'w': 2} done", "password=[redacted:password] done"),
        ("password=[don't tell] done", "password=[redacted:password] done"),
        ("{\"secret_key\": [\n  \"a\",\n  \"b\"\n]}", "{\"secret_key\": [redacted:secret]}"),
        // Where the text was cut, all that is left of it may be of the value.
        (r#"{"password":{"value":"hunter2"#, r#"{"password":[redacted:password]"#),
        (r#"{"password":["a","b"#, r#"{"password":[redacted:password]"#),
        (r#"{"password":[["a"],["b"]"#, r#"{"password":[redacted:password]"#),
        ("--password {a b}", "--password [redacted:password]"),
        ("password=[x", "password=[redacted:password]"),
        ("password=[a]b", "password=[redacted:password]"),
        ("[password=a]", "[password=[redacted:password]]"),
    ]);
    check_untouched(&[
        r#"{"password":[],"n":1}"#,
        r#"{"password": { }, "n": [1]}"#,
        r#"{"passwords": ["x"], "tokens": 12}"#,
        r#"{"password":[redacted:password],"n":["x"]}"#,
        "the fields [password, email] were changed",
    ]);
}

#[test]
fn a_value_without_quotes_goes_as_a_whole() {
    check(
        "password",
        &[
            "passphrase: {correct horse battery}",
            "passphrase: {correct, horse; battery}\nuser: ann",
            "password={ab)cd}",
            "(password={ab)cd}) failed",
            "password={a&b}",
            "password={a,b;c}",
            "password={ab<cd}",
            "password={it's}",
            "password={a\"b}",
            "password = {two words}\r\nhost=db",
            "user=ann password={hunter2} action=login",
            "user=ann, password={hunter2}, host=db",
            "Server=db;Password={a;b c};Database=shop",
            "User(name=ann, password={a)b}, age=7)",
            "f(g(password={hunter2})).run()",
            "map[password:{hunter2} user:ann]",
            "https://x.example/?a=1&password={a)b}&x=1 opened",
            "(see https://x.example/?password={abc}) and more",
            "curl --password={a;b} -u ann",
            "PGPASSWORD={a&b} psql",
            "msg=\"login password={hunter2}\" user=ann",
            "<a b=password={hunter2}>text",
            "<b>x</b> password={hunter2}</td>",
            "password     : {hunter2}",
            "password =                {hunter2}",
            "[\"pin\":{1234}],5",
        ],
    );
    check(
        "secret",
        &["api_key={abc}, used twice", "(X-Api-Key: {abc123}) by ann", "secret: {open sesame}"],
    );
    check_left(&[
        (r#"{"pin":1234,"n":[1]}"#, r#"{"pin":[redacted:password],"n":[1]}"#),
        (
            r#"{"pin": 1234 , "n": {"pin":12}}"#,
            r#"{"pin": [redacted:password] , "n": {"pin":[redacted:password]}}"#,
        ),
        (r#"{"m":"a password=x y","n":1}"#, r#"{"m":"a password=[redacted:password]","n":1}"#),
        (
            r#""{\"m\":\"password=x\",\"n\":1}""#,
            r#""{\"m\":\"password=[redacted:password]\",\"n\":1}""#,
        ),
    ]);
    check_untouched(&[
        "the password: policy was updated",
        "password: changed by ann, again",
        "password: expired.",
        "password changed by ann",
        "the field password:)",
        "password=;",
        "password=,user=ann",
        "(password=)",
        r#"{"tokens": 12}"#,
        "password                   = hunter2, too far away",
    ]);
}

#[test]
fn values_of_elements_with_telling_names_are_found() {
    check(
        "password",
        &[
            "<password>{hunter2}</password>",
            "<user><ns:Password type=\"x\">{a < b & c}</ns:Password></user>",
            "<password>\n  {hunter2}\n</password>",
            "<password>{<value>hunter2</value>}</password>",
            "<password>{<![CDATA[hunter2]]>}</password>",
            "\"<password>{hunter2}<\\/password>\"",
            "<password>{x<old>a</old><new>b</new>}</password>",
            "<user>ann</user><password>{hunter2}",
            "<user>ann</user><password>{hunter2}<other>",
            "<password>{hunter2}</pass",
            "<property name=\"password\" value=\"{hunter2}\"/>",
        ],
    );
    check("random-secret", &["<token> {0771cae4d170dc02a6ff393d9946cd684d6145c1} </token>"]);
    check_untouched(&[
        "usage: login <user> <password> [options]",
        "send <password> and <token>, then <br>",
        "<password></password>",
        "<password/><city>Bonn</city>",
        "<passwords>3</passwords>",
        "<token>3</token>",
        "<b>The password was changed</b>",
        "a < b and c > d",
        "<password policy was updated",
    ]);
}

#[test]
fn values_beside_telling_names_are_found() {
    check(
        "password",
        &[
            "[\"--password\",\"{hunter2}\",\"-u\"]",
            "['--db-password', '{two words}']",
            "\\\"--password\\\", \\\"{hunter2}\\\"",
            "\"name\":\"password\",\"value\":\"{hunter2}\"",
            "\"Key\": \"password\", \"Value\": \"{hunter2}\"",
            "\"op\":\"replace\",\"path\":\"/user/password/0\",\"value\":\"{hunter2}\"",
            "name=password value={hunter2} n=1",
        ],
    );
    check_left(&[(
        r#"{"field":"password","old":"hunter1","new":"hunter2"}"#,
        r#"{"field":"password","old":"[redacted:password]","new":"[redacted:password]"}"#,
    )]);
    let far = format!("name=password {} value=x", "y".repeat(256));
    check_untouched(&[
        "[\"--password\",\"--user\"]",
        "[\"--password\", 12]",
        r#"{"name":"city","value":"Bonn"}"#,
        r#"[{"name":"password"},{"name":"city","value":"Bonn"}]"#,
        r#"{"field":"password","old":null,"new":true}"#,
        &far,
    ]);
}
