//! What is written is read, and what is the same has one key.

use super::*;

#[test]
fn an_architecture_is_readable() {
    let text = "[in(8x8x1),ir(1,8,3,e2,s2),bn,relu6,max(2),flatten,fc(32,10)]";
    let architecture: Architecture = text.parse().unwrap();
    let yaml = serde_saphyr::to_string(&architecture).unwrap();
    assert_eq!(
        serde_saphyr::from_str::<Architecture>(&yaml).unwrap(),
        architecture
    );
    for line in [
        "    inverted: 2",
        "  kernel: 3",
        "  stride: 2",
        "head: flatten",
        "classes: 10",
    ] {
        assert!(yaml.lines().any(|other| other.ends_with(line)), "{yaml}");
    }
}

#[test]
fn equal_layers_have_equal_keys() {
    let check = |left: &str, right: &str, is_equal: bool| {
        let [left, right] = [left, right].map(|text| text.parse::<Architecture>().unwrap());
        assert_eq!(left.key() == right.key(), is_equal, "{left} {right}");
    };
    check(
        "[in(1x1x4),gap,fc(4,2)]",
        "[in(1x1x4),flatten,fc(4,2)]",
        true,
    );
    check(
        "[in(2x1x4),gap,fc(4,2)]",
        "[in(2x1x4),flatten,fc(8,2)]",
        false,
    );
    // Without activation, a separable block is an inverted residual without expansion.
    check(
        "[in(8x8x4),sep(4,8,3),bn,gap,fc(8,2)]",
        "[in(8x8x4),ir(4,8,3,e1),bn,gap,fc(8,2)]",
        true,
    );
    check(
        "[in(8x8x4),conv(4,4,3),skip,relu,gap,fc(4,2)]",
        "[in(8x8x4),conv(4,4,3),relu,gap,fc(4,2)]",
        false,
    );
}

#[test]
fn a_refused_text_says_where() {
    let check = |text: &str, part: &str| {
        let error = text.parse::<Architecture>().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    check("conv(1,8,3)", "brackets");
    check("[conv(1,8,3),gap,fc(8,2)]", "the input comes first");
    check(
        "[in(8x8x1),conv(2,8,3),gap,fc(8,2)]",
        "`conv(2,8,3)` at place 1",
    );
    check(
        "[in(8x8x1),conv(1,8,3),gap,fc(9,2)]",
        "`fc(9,2)` at place 3",
    );
    check("[in(8x8x1),conv(1,8,3),fc(8,2)]", "wrong place");
    check("[in(8x8x1),ir(1,8,3),gap,fc(8,2)]", "e4");
    let longest = usize::MAX;
    check(
        &format!("[in({longest}x1x1),conv(1,8,3),max(2),flatten,fc(8,2)]"),
        "`fc(8,2)` at place 4",
    );
}

#[test]
fn a_pooling_says_its_window() {
    let text = "[in(12x1x2),conv(2,8,5,s2),max(3,2),conv(8,8,3x3),avg(2x1,1),gap,fc(8,2)]";
    let error = text.parse::<Architecture>().unwrap_err().to_string();
    assert!(error.contains("avg(2x1,1)"), "{error}");
    let text = text.replace("2x1,1", "2,1");
    let architecture: Architecture = text.parse().unwrap();
    let pool = Pool {
        kind: PoolKind::Max,
        size: Sides([3, 1]),
        stride: Sides([2, 1]),
    };
    assert_eq!(architecture.blocks[0].pool, Some(pool));
}
