//! `--check`.

use onchip_search::domain::{Domain, Rng};
use onchip_study::check::Check;
use onchip_study::file::Loaded;
use onchip_study::plan::Plan;
use rand::SeedableRng;

use crate::golden::root;

#[test]
fn a_check_tells_what_a_study_comes_to() {
    let loaded = Loaded::read(&root().join("examples/digits.yaml")).unwrap();
    let plan = Plan::new(loaded).unwrap();
    let check = Check::new(&plan);
    assert_eq!((check.shape, check.classes), ([8, 8, 1], 10));
    assert_eq!(check.examples.iter().sum::<usize>(), 1797);
    assert_eq!(check.networks, plan.prepared.space.size());
    assert!(check.passing > 0 && check.passing <= check.sampled);
    assert!(check.operations > 1e9, "{}", check.operations);
    assert_eq!(Check::new(&plan), check, "a seed, one answer");
    let shown = check.to_string();
    for part in ["8x8x1 in 10 classes", "networks", "parameters", "60 trials"] {
        assert!(shown.contains(part), "{shown}");
    }
}

/// Of two networks to start from, one lies in the space and stays, the other is moved there.
#[test]
fn networks_to_start_from_are_in_the_space() {
    let start = "[in(8x8x1),conv(1,8,3),bn,relu,gap,fc(8,10)]";
    let far = "[in(8x8x1),conv(1,100,5),gap,fc(100,10)]";
    let text = format!(
        "dataset: digits\nspace: {{kind: cnn2d}}\nobjectives: [validation_error]\n\
         budget: {{trials: 3}}\nwarm_start: ['{start}', '{far}']\n"
    );
    let loaded = Loaded::parse(text, "start.yaml".as_ref()).unwrap();
    let plan = Plan::new(loaded).unwrap();
    assert_eq!(plan.prepared.initial[0].to_string(), start);
    assert!(
        plan.prepared
            .initial
            .iter()
            .all(|network| plan.prepared.space.contains(network))
    );
    let mut rng = Rng::seed_from_u64(0);
    plan.prepared
        .space
        .neighbour(&plan.prepared.initial[1], &mut rng);
}
