use super::pattern::Pattern;
use super::expand::expand;
#[test]
fn fuzz() {
    let t = std::fs::read_to_string("/tmp/refuzz.txt").unwrap();
    let (mut n, mut bad) = (0, 0);
    for l in t.lines() {
        let j: serde_json::Value = serde_json::from_str(l).unwrap();
        let (p, s, r) = (j["p"].as_str().unwrap(), j["t"].as_str().unwrap(), j["r"].as_str().unwrap());
        n += 1;
        let got = Pattern::new(p);
        let mut say = |what: String| { bad += 1; if bad < 40 { eprintln!("{p:?} on {s:?} r {r:?}: {what}"); } };
        match (&got, j.get("e")) {
            (Err(_), Some(_)) => continue,
            (Err(e), None) => { say(format!("we refuse: {e}")); continue }
            (Ok(_), Some(e)) => { say(format!("go refuses: {e}")); continue }
            _ => {}
        }
        let got = got.unwrap();
        let all: Vec<Vec<i64>> = got.find_all(s).iter().map(|m| m.iter().flat_map(|r| match r { Some(r) => [r.start as i64, r.end as i64], None => [-1, -1] }).collect()).collect();
        let want: Vec<Vec<i64>> = serde_json::from_value(j["m"].clone()).unwrap();
        if all != want { say(format!("ours {all:?} go {want:?}")); continue }
        let o = got.replace_all(s, |f, out| expand(r, &got, s, f, out));
        if o != j["o"].as_str().unwrap() { say(format!("replace ours {o:?} go {:?}", j["o"])); }
    }
    eprintln!("{n} cases, {bad} bad");
    assert_eq!(bad, 0);
}
