(* R as a function of λ is λ^p A + λ^-p B + const. Its one minimum is at λ* = (B/A)^(1/2p); there both costs are sqrt(AB), and R
   has decreased by (sqrt A - sqrt B)². λ* exists iff A > 0 and B > 0, and is rational iff B/A is the 2p-th power of a rational.

   Corrected: For A, B > 0, R has its one minimum at λ* = (B/A)^(1/2p), where both costs are sqrt(AB) and R has decreased by
   (sqrt A - sqrt B)²; λ* is rational iff B/A is the 2p-th power of a rational. If exactly one of A, B is 0 there is no λ*, and
   (sqrt A - sqrt B)² is by how much R exceeds its infimum; if both are, every λ is optimal.

   p is any positive real number, an integer where rationality is concerned. *)

From Coq Require Import Reals Lra Lia QArith Qreals.
From Synbal Require Import finite_sums power_costs.
Open Scope R_scope.

(* In cost space: with μ = λ^p the unit costs μ A + B/μ. *)
Theorem balance_minimises :
  forall A B mu, 0 < A -> 0 < B -> 0 < mu ->
    2 * sqrt (A * B) <= mu * A + B / mu /\ (mu * A + B / mu = 2 * sqrt (A * B) <-> mu * mu = B / A).
Proof.
  intros A B mu HA HB Hmu.
  set (a := sqrt A). set (b := sqrt B).
  assert (Ha : 0 < a) by (apply sqrt_lt_R0; exact HA).
  assert (Hb : 0 < b) by (apply sqrt_lt_R0; exact HB).
  assert (HaA : A = a * a) by (symmetry; apply sqrt_sqrt; lra).
  assert (HbB : B = b * b) by (symmetry; apply sqrt_sqrt; lra).
  assert (Hab : sqrt (A * B) = a * b) by (apply sqrt_mult; lra).
  assert (Hgap : mu * A + B / mu - 2 * sqrt (A * B) = (mu * a - b) * (mu * a - b) / mu).
  { rewrite Hab, HaA, HbB. field. lra. }
  assert (Hinv : 0 < / mu) by (apply Rinv_0_lt_compat; exact Hmu).
  split.
  - assert (Hsq := Rle_0_sqr (mu * a - b)). unfold Rsqr in Hsq.
    assert (0 <= (mu * a - b) * (mu * a - b) / mu) by (apply Rmult_le_pos; lra). lra.
  - split; intros H.
    + assert (Hz : (mu * a - b) * (mu * a - b) / mu = 0) by lra.
      unfold Rdiv in Hz. apply Rmult_integral in Hz. destruct Hz as [Hz|Hz]; [|lra].
      assert (mu = b / a).
      { apply (Rmult_eq_reg_r a); [|lra]. replace (b / a * a) with b by (field; lra).
        apply Rmult_integral in Hz. destruct Hz; lra. }
      subst mu. rewrite HaA, HbB. field. lra.
    + assert (Hroot : mu * a = b).
      { assert (Hs : (mu * a) * (mu * a) = b * b).
        { rewrite HaA, HbB in H. replace (mu * a * (mu * a)) with (mu * mu * (a * a)) by ring. rewrite H. field. lra. }
        apply Rsqr_inj; [nra|lra|exact Hs]. }
      assert (Hz : (mu * a - b) * (mu * a - b) / mu = 0) by (rewrite Hroot; unfold Rdiv; ring). lra.
Qed.

(* In cost space μ* = sqrt(B/A): both costs are sqrt(AB), and the unit costs (sqrt A - sqrt B)² less than before. *)
Theorem balanced_costs :
  forall A B, 0 < A -> 0 < B ->
    let mu := sqrt (B / A) in
    mu * A = sqrt (A * B) /\ B / mu = sqrt (A * B) /\
    A + B - (mu * A + B / mu) = (sqrt A - sqrt B) * (sqrt A - sqrt B).
Proof.
  intros A B HA HB mu.
  set (a := sqrt A). set (b := sqrt B).
  assert (Ha : 0 < a) by (apply sqrt_lt_R0; exact HA).
  assert (Hb : 0 < b) by (apply sqrt_lt_R0; exact HB).
  assert (HaA : A = a * a) by (symmetry; apply sqrt_sqrt; lra).
  assert (HbB : B = b * b) by (symmetry; apply sqrt_sqrt; lra).
  assert (Hab : sqrt (A * B) = a * b) by (apply sqrt_mult; lra).
  assert (Hmu : mu = b / a) by (apply sqrt_div_alt; exact HA).
  rewrite Hab, Hmu, HaA, HbB. repeat split; field; lra.
Qed.

(* The cost of the network as a function of the multiplier of one unit, of incoming weights w and outgoing weights v. *)
Definition unit_cost (p : R) (n : nat) (w : nat -> R) (m : nat) (v : nat -> R) (rest l : R) : R :=
  total_cost p n (fun j => l * w j) + total_cost p m (fun k => v k / l) + rest.

Definition optimal (f : R -> R) (l : R) : Prop := 0 < l /\ forall k, 0 < k -> f l <= f k.

Lemma unit_cost_form :
  forall p n w m v rest l, 0 < l ->
    unit_cost p n w m v rest l =
    Rpower l p * total_cost p n w + Rpower l (- p) * total_cost p m v + rest.
Proof.
  intros. unfold unit_cost. rewrite total_cost_multiple, total_cost_quotient by assumption. reflexivity.
Qed.

Lemma Rpower_opposite : forall l p, Rpower l (- p) = / Rpower l p.
Proof. intros. apply Rpower_Ropp. Qed.

Lemma Rpower_injective : forall k l p, 0 < p -> 0 < k -> 0 < l -> Rpower k p = Rpower l p -> k = l.
Proof.
  intros k l p Hp Hk Hl H.
  destruct (Rtotal_order k l) as [Hkl|[Heq|Hkl]]; [|exact Heq|].
  - assert (Rpower k p < Rpower l p) by (apply Rlt_Rpower_l; lra). lra.
  - assert (Rpower l p < Rpower k p) by (apply Rlt_Rpower_l; lra). lra.
Qed.

Lemma Rpower_small : forall p e, 0 < p -> 0 < e -> exists l, 0 < l /\ Rpower l p = e.
Proof.
  intros p e Hp He. exists (Rpower e (/ p)). split; [apply Rpower_pos|].
  rewrite Rpower_mult. replace (/ p * p) with 1 by (field; lra). apply Rpower_1. exact He.
Qed.

Lemma half_power_square : forall x p, 0 < p -> 0 < x -> Rpower (Rpower x (/ (2 * p))) p = sqrt x.
Proof.
  intros x p Hp Hx. rewrite Rpower_mult. replace (/ (2 * p) * p) with (/ 2) by (field; lra).
  apply Rpower_sqrt. exact Hx.
Qed.

Theorem thm_3_1_lp :
  forall p n w m v rest, 0 < p ->
    let A := total_cost p n w in
    let B := total_cost p m v in
    let total := unit_cost p n w m v rest in
    let best := Rpower (B / A) (/ (2 * p)) in
    (forall l, 0 < l -> total l = Rpower l p * A + Rpower l (- p) * B + rest) /\
    (0 < A -> 0 < B ->
      optimal total best /\
      (forall l, optimal total l -> l = best) /\
      total_cost p n (fun j => best * w j) = sqrt (A * B) /\
      total_cost p m (fun k => v k / best) = sqrt (A * B) /\
      total 1 - total best = (sqrt A - sqrt B) * (sqrt A - sqrt B)).
Proof.
  intros p n w m v rest Hp A B total best. split; [intros; apply unit_cost_form; assumption|].
  intros HA HB.
  assert (HBA : 0 < B / A) by (apply Rdiv_lt_0_compat; assumption).
  assert (Hbest : 0 < best) by apply Rpower_pos.
  assert (Hpower : Rpower best p = sqrt (B / A)) by (apply half_power_square; assumption).
  assert (Hform : forall l, 0 < l -> total l = Rpower l p * A + B / Rpower l p + rest).
  { intros l Hl. unfold total. rewrite unit_cost_form, Rpower_opposite by exact Hl.
    fold A. fold B. unfold Rdiv. ring. }
  destruct (balanced_costs A B HA HB) as (Hin & Hout & Hfall). rewrite <- Hpower in *.
  assert (Hmin : optimal total best).
  { split; [exact Hbest|]. intros k Hk. rewrite !Hform by assumption.
    destruct (balance_minimises A B (Rpower k p) HA HB (Rpower_pos k p)). lra. }
  repeat split.
  - exact Hbest.
  - apply Hmin.
  - intros l (Hl & Hopt). specialize (Hopt best Hbest).
    apply Rpower_injective with p; try assumption.
    destruct (balance_minimises A B (Rpower l p) HA HB (Rpower_pos l p)) as (Hle & Hiff).
    rewrite !Hform in Hopt by assumption.
    assert (Hsq : Rpower l p * Rpower l p = B / A) by (apply Hiff; lra).
    rewrite Hpower. symmetry. apply sqrt_lem_1; [lra|left; apply Rpower_pos|exact Hsq].
  - rewrite total_cost_multiple by exact Hbest. exact Hin.
  - rewrite total_cost_quotient, Rpower_opposite by exact Hbest. fold B. rewrite Rmult_comm. exact Hout.
  - rewrite (Hform 1), (Hform best) by (try exact Hbest; lra).
    unfold Rpower at 1 2. rewrite ln_1, Rmult_0_r, exp_0. lra.
Qed.

(* A multiplier is optimal exactly if the costs in and out are both 0, or neither is and it is λ*. *)
Theorem optimum_exists_iff :
  forall p n w m v rest, 0 < p ->
    let A := total_cost p n w in
    let B := total_cost p m v in
    let total := unit_cost p n w m v rest in
    (A = 0 -> B = 0 -> forall l, 0 < l -> optimal total l) /\
    ((exists l, optimal total l) <-> (0 < A /\ 0 < B) \/ (A = 0 /\ B = 0)).
Proof.
  intros p n w m v rest Hp A B total.
  assert (HA : 0 <= A) by apply total_cost_nonneg.
  assert (HB : 0 <= B) by apply total_cost_nonneg.
  assert (Hform : forall l, 0 < l -> total l = Rpower l p * A + / Rpower l p * B + rest).
  { intros l Hl. unfold total. rewrite unit_cost_form, Rpower_opposite by exact Hl. reflexivity. }
  assert (Hflat : A = 0 -> B = 0 -> forall l, 0 < l -> optimal total l).
  { intros HA0 HB0 l Hl. split; [exact Hl|]. intros k Hk. rewrite !Hform, HA0, HB0 by assumption. lra. }
  split; [exact Hflat|]. split.
  - intros (l & Hl & Hopt).
    assert (Hpos := Rpower_pos l p).
    destruct HA as [HA|HA], HB as [HB|HB]; auto; exfalso.
    + destruct (Rpower_small p (Rpower l p / 2) Hp ltac:(lra)) as (k & Hk & Hkp).
      specialize (Hopt k Hk). rewrite !Hform in Hopt by assumption. rewrite Hkp, <- HB in Hopt. nra.
    + destruct (Rpower_small p (2 * Rpower l p) Hp ltac:(lra)) as (k & Hk & Hkp).
      specialize (Hopt k Hk). rewrite !Hform in Hopt by assumption. rewrite Hkp, <- HA in Hopt.
      rewrite Rinv_mult in Hopt. assert (0 < / Rpower l p) by (apply Rinv_0_lt_compat; exact Hpos). nra.
  - intros [[HA' HB']|[HA' HB']].
    + destruct (thm_3_1_lp p n w m v rest Hp) as (_ & H). destruct (H HA' HB') as (Hopt & _). eauto.
    + exists 1. apply Hflat; auto; lra.
Qed.

(* If exactly one of the costs is 0, (sqrt A - sqrt B)² is by how much R exceeds its infimum. *)
Theorem infimum_without_optimum :
  forall p n w m v rest, 0 < p ->
    let A := total_cost p n w in
    let B := total_cost p m v in
    let total := unit_cost p n w m v rest in
    let infimum := total 1 - (sqrt A - sqrt B) * (sqrt A - sqrt B) in
    (A = 0 \/ B = 0) ->
    (forall l, 0 < l -> infimum <= total l) /\
    (forall e, 0 < e -> exists l, 0 < l /\ total l < infimum + e).
Proof.
  intros p n w m v rest Hp A B total infimum Hzero.
  assert (HA : 0 <= A) by apply total_cost_nonneg.
  assert (HB : 0 <= B) by apply total_cost_nonneg.
  assert (Hform : forall l, 0 < l -> total l = Rpower l p * A + / Rpower l p * B + rest).
  { intros l Hl. unfold total. rewrite unit_cost_form, Rpower_opposite by exact Hl. reflexivity. }
  assert (Hinf : infimum = rest).
  { unfold infimum. rewrite Hform by lra. unfold Rpower. rewrite ln_1, Rmult_0_r, exp_0, Rinv_1.
    assert (HsA := sqrt_sqrt A HA). assert (HsB := sqrt_sqrt B HB).
    destruct Hzero as [H|H]; rewrite H in *; rewrite sqrt_0; lra. }
  rewrite Hinf. split.
  - intros l Hl. rewrite Hform by exact Hl. assert (Hpos := Rpower_pos l p).
    assert (0 < / Rpower l p) by (apply Rinv_0_lt_compat; exact Hpos). nra.
  - intros e He. destruct Hzero as [H|H].
    + destruct (Rpower_small p ((B + 1) / e) Hp) as (l & Hl & Hlp); [apply Rdiv_lt_0_compat; lra|].
      exists l. split; [exact Hl|]. rewrite Hform, Hlp, H by exact Hl.
      assert (/ ((B + 1) / e) * B < e); [|lra].
      replace (/ ((B + 1) / e) * B) with (e * (B / (B + 1))) by (field; lra).
      assert (B / (B + 1) < 1); [|nra]. apply (Rmult_lt_reg_r (B + 1)); [lra|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
    + destruct (Rpower_small p (e / (A + 1)) Hp) as (l & Hl & Hlp); [apply Rdiv_lt_0_compat; lra|].
      exists l. split; [exact Hl|]. rewrite Hform, Hlp, H by exact Hl.
      assert (e / (A + 1) * A < e); [|lra].
      replace (e / (A + 1) * A) with (e * (A / (A + 1))) by (field; lra).
      assert (A / (A + 1) < 1); [|nra]. apply (Rmult_lt_reg_r (A + 1)); [lra|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Definition rational (x : R) : Prop := exists q : Q, x = Q2R q.

(* For an integer p = k + 1: λ* is rational iff B/A is the 2p-th power of a rational number. *)
Theorem optimum_rational_iff :
  forall (k : nat) (A B : R), 0 < A -> 0 < B ->
    rational (Rpower (B / A) (/ (2 * INR (S k)))) <-> exists q : Q, B / A = Q2R q ^ (2 * S k).
Proof.
  intros k A B HA HB.
  assert (HBA : 0 < B / A) by (apply Rdiv_lt_0_compat; assumption).
  assert (Hp : 0 < INR (S k)) by (apply lt_0_INR; lia).
  set (best := Rpower (B / A) (/ (2 * INR (S k)))).
  assert (Hbest : 0 < best) by apply Rpower_pos.
  assert (Hpower : best ^ (2 * S k) = B / A).
  { rewrite <- Rpower_pow by exact Hbest. unfold best. rewrite Rpower_mult, mult_INR.
    replace (INR 2) with 2 by (simpl; lra).
    replace (/ (2 * INR (S k)) * (2 * INR (S k))) with 1 by (field; lra).
    apply Rpower_1. exact HBA. }
  split.
  - intros (q & Hq). exists q. rewrite <- Hq. symmetry. exact Hpower.
  - intros (q & Hq).
    assert (Hq0 : Q2R q <> 0).
    { intros H0. rewrite H0, pow_i in Hq by lia. lra. }
    assert (Hroot : forall r : R, 0 < r -> r ^ (2 * S k) = B / A -> best = r).
    { intros r Hr Hr2.
      apply Rpower_injective with (INR (2 * S k)); try assumption; [apply lt_0_INR; lia|].
      rewrite !Rpower_pow by assumption. lra. }
    destruct (Rlt_le_dec (Q2R q) 0) as [Hneg|Hpos].
    + exists (- q)%Q. rewrite Q2R_opp. apply Hroot; [lra|].
      rewrite pow_mult. replace ((- Q2R q) ^ 2) with (Q2R q ^ 2) by ring. rewrite <- pow_mult. symmetry. exact Hq.
    + exists q. apply Hroot; [lra|symmetry; exact Hq].
Qed.
