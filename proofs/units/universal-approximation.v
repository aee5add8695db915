(* One hidden layer of BiLU units with a != b represents every continuous piecewise-linear function on a bounded interval exactly, and
   so approximates every continuous function there.

   The hidden units read the input and a bias; a linear output unit with a bias reads them. As many hidden units as pieces suffice. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations.
Open Scope R_scope.

(* n hidden units, with weights u, biases c and outgoing weights v; the output's bias is o. *)
Definition one_layer (a b : R) (n : nat) (u c v : nat -> R) (o x : R) : R :=
  o + sum n (fun k => v k * bilu a b (u k * x + c k)).

(* Linear on each piece from t k to t (k + 1), and so continuous. *)
Definition piecewise_linear (n : nat) (t s : nat -> R) (f : R -> R) : Prop :=
  (forall k, (k < n)%nat -> t k < t (S k)) /\
  (forall k x, (k < n)%nat -> t k <= x <= t (S k) -> f x = f (t k) + s k * (x - t k)).

Lemma corners_increase :
  forall n t, (forall k, (k < n)%nat -> t k < t (S k)) -> forall i j, (i <= j)%nat -> (j <= n)%nat -> t i <= t j.
Proof.
  intros n t H i j Hij Hj. induction Hij as [|j Hij IH]; [lra|].
  specialize (IH ltac:(lia)). specialize (H j ltac:(lia)). lra.
Qed.

Lemma piece_of_point :
  forall n t x, (0 < n)%nat -> t 0%nat <= x <= t n -> exists k, (k < n)%nat /\ t k <= x <= t (S k).
Proof.
  induction n as [|n IH]; intros t x Hn Hx; [lia|].
  destruct (Rle_lt_dec (t n) x) as [H|H].
  - exists n. split; [lia|lra].
  - destruct n as [|n].
    + exists 0%nat. split; [lia|lra].
    + destruct (IH t x) as (k & Hk & Hkx); [lia|lra|]. exists k. split; [lia|exact Hkx].
Qed.

(* The function as its first piece and what it bends at the corners t 1, ..., t (n - 1). *)
Definition ramp (z : R) : R := Rmax 0 z.
Definition bend (s : nat -> R) (k : nat) : R := s (S k) - s k.

Lemma sum_of_bends :
  forall n t s f, piecewise_linear n t s f -> forall j x, (j < n)%nat ->
    f (t 0%nat) + s 0%nat * (x - t 0%nat) + sum j (fun k => bend s k * (x - t (S k))) = f (t j) + s j * (x - t j).
Proof.
  intros n t s f (Hinc & Hf) j x. induction j as [|j IH]; intros Hj; simpl sum; [ring|].
  rewrite <- Rplus_assoc, IH by lia.
  assert (Hnext : f (t (S j)) = f (t j) + s j * (t (S j) - t j)).
  { apply Hf; [lia|]. specialize (Hinc j ltac:(lia)). lra. }
  rewrite Hnext. unfold bend. ring.
Qed.

Lemma sum_split : forall j m f, sum (j + m) f = sum j f + sum m (fun k => f (j + k)%nat).
Proof.
  intros j m f. induction m as [|m IH]; simpl; [rewrite Nat.add_0_r; ring|].
  rewrite Nat.add_succ_r. simpl. rewrite IH. ring.
Qed.

Lemma ramps :
  forall n t s f, (0 < n)%nat -> piecewise_linear n t s f -> forall x, t 0%nat <= x <= t n ->
    f x = f (t 0%nat) + s 0%nat * (x - t 0%nat) + sum (n - 1) (fun k => bend s k * ramp (x - t (S k))).
Proof.
  intros n t s f Hn Hf x Hx. destruct Hf as (Hinc & Hpiece).
  destruct (piece_of_point n t x Hn Hx) as (j & Hj & Hxj).
  replace (n - 1)%nat with (j + (n - 1 - j))%nat by lia. rewrite sum_split.
  rewrite (sum_ext j _ (fun k => bend s k * (x - t (S k)))).
  - rewrite (sum_zero (n - 1 - j)).
    + rewrite Rplus_0_r, (sum_of_bends n t s f) by (split || lia; assumption). apply Hpiece; assumption.
    + intros k Hk. unfold ramp. rewrite Rmax_left; [ring|].
      assert (t (S j) <= t (S (j + k))) by (apply (corners_increase n); [exact Hinc|lia|lia]). lra.
  - intros k Hk. unfold ramp. rewrite Rmax_right; [reflexivity|].
    assert (t (S k) <= t j) by (apply (corners_increase n); [exact Hinc|lia|lia]). lra.
Qed.

Lemma ramp_from_bilu : forall a b z, a <> b -> ramp z = (bilu a b z - a * z) / (b - a).
Proof.
  intros a b z Hab. unfold ramp, bilu, Rmax.
  destruct (Rlt_dec z 0), (Rle_dec 0 z); try lra; field; lra.
Qed.

(* A linear function on an interval by one unit that does not bend there. *)
Lemma linear_by_one_unit :
  forall a b p q alpha beta, a <> b ->
    exists u c v o, forall x, p <= x <= q -> o + v * bilu a b (u * x + c) = alpha + beta * x.
Proof.
  intros a b p q alpha beta Hab. destruct (Req_dec b 0) as [Hb|Hb].
  - (* b = 0, so a is not: the unit is below its corner. *)
    exists 1, (- q - 1), (beta / a), (alpha + beta * (q + 1)). intros x Hx.
    unfold bilu. destruct (Rlt_dec (1 * x + (- q - 1)) 0); [field; lra|lra].
  - exists 1, (- p), (beta / b), (alpha + beta * p). intros x Hx.
    unfold bilu. destruct (Rlt_dec (1 * x + - p) 0); [lra|field; exact Hb].
Qed.

Theorem universal_approximation :
  forall a b n t s f, a <> b -> (0 < n)%nat -> piecewise_linear n t s f ->
    exists u c v o, forall x, t 0%nat <= x <= t n -> one_layer a b n u c v o x = f x.
Proof.
  intros a b n t s f Hab Hn Hf.
  set (weights := fun k => bend s k / (b - a)).
  (* What is left for the linear unit. *)
  set (beta := s 0%nat - a * sum (n - 1) weights).
  set (alpha := f (t 0%nat) - s 0%nat * t 0%nat + a * sum (n - 1) (fun k => weights k * t (S k))).
  destruct (linear_by_one_unit a b (t 0%nat) (t n) alpha beta Hab) as (u0 & c0 & v0 & o & Hlinear).
  exists (fun k => if Nat.eqb k (n - 1) then u0 else 1),
         (fun k => if Nat.eqb k (n - 1) then c0 else - t (S k)),
         (fun k => if Nat.eqb k (n - 1) then v0 else weights k), o.
  intros x Hx. unfold one_layer.
  replace n with (S (n - 1)) at 1 by lia. simpl sum. rewrite Nat.eqb_refl.
  rewrite (sum_ext (n - 1) _ (fun k => bend s k * ramp (x - t (S k)) + (a * x * weights k - a * (weights k * t (S k))))).
  - rewrite sum_plus, sum_minus, !sum_scale, (ramps n t s f Hn Hf x Hx).
    specialize (Hlinear x Hx). unfold alpha, beta in Hlinear. lra.
  - intros k Hk. destruct (Nat.eqb_spec k (n - 1)); [lia|].
    rewrite (ramp_from_bilu a b) by exact Hab. unfold weights.
    replace (1 * x + - t (S k)) with (x - t (S k)) by ring. field. lra.
Qed.

Lemma mean_below : forall r x y e, 0 <= r <= 1 -> x < e -> y < e -> (1 - r) * x + r * y < e.
Proof.
  intros r x y e Hr Hx Hy.
  assert (0 <= r * (e - y)) by (apply Rmult_le_pos; lra).
  assert (0 <= (1 - r) * (e - x)) by (apply Rmult_le_pos; lra).
  destruct (Rle_lt_dec r (1 / 2)).
  - assert (0 < (1 - r) * (e - x)) by (apply Rmult_lt_0_compat; lra). lra.
  - assert (0 < r * (e - y)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

(* Interpolation in n equal pieces. *)
Definition corner (p q : R) (n : nat) (k : nat) : R := p + (q - p) * INR k / INR n.

Theorem continuous_functions_are_approximated :
  forall a b p q f e, a <> b -> p < q -> (forall x, p <= x <= q -> continuity_pt f x) -> 0 < e ->
    exists n u c v o, forall x, p <= x <= q -> Rabs (one_layer a b n u c v o x - f x) < e.
Proof.
  intros a b p q f e Hab Hpq Hf He.
  destruct (Heine f (fun x => p <= x <= q) (compact_P3 p q) Hf (mkposreal e He)) as ((d & Hd) & Hclose). simpl in Hclose.
  destruct (archimed_cor1 (d / (q - p))) as (n & Hn & Hn0); [apply Rdiv_lt_0_compat; lra|].
  assert (HN : 0 < INR n) by (apply lt_0_INR; exact Hn0).
  set (t := corner p q n). set (width := (q - p) / INR n).
  assert (Hwidth : 0 < width < d).
  { split; [apply Rdiv_lt_0_compat; lra|]. unfold width, Rdiv.
    apply (Rmult_lt_compat_l (q - p)) in Hn; [|lra]. replace ((q - p) * (d / (q - p))) with d in Hn by (field; lra). exact Hn. }
  assert (Hstep : forall k, t (S k) = t k + width).
  { intros k. unfold t, corner, width. rewrite S_INR. field. lra. }
  assert (Hfirst : t 0%nat = p) by (unfold t, corner; simpl; field; lra).
  assert (Hlast : t n = q) by (unfold t, corner; field; lra).
  assert (Hrange : forall k, (k <= n)%nat -> p <= t k <= q).
  { intros k Hk. rewrite <- Hfirst, <- Hlast. split; apply (corners_increase n); try lia; intros j _; rewrite Hstep; lra. }
  set (s := fun k => (f (t (S k)) - f (t k)) / width).
  (* The interpolation: on the piece that the point lies in. *)
  set (interpolation := fun x => f (t 0%nat) + s 0%nat * (x - t 0%nat) + sum (n - 1) (fun k => bend s k * ramp (x - t (S k)))).
  assert (Hpieces : forall j x, (j < n)%nat -> t j <= x <= t (S j) -> interpolation x = f (t j) + s j * (x - t j)).
  { intros j x Hj Hx. unfold interpolation.
    replace (n - 1)%nat with (j + (n - 1 - j))%nat by lia. rewrite sum_split.
    rewrite (sum_ext j _ (fun k => bend s k * (x - t (S k)))).
    - rewrite (sum_zero (n - 1 - j)).
      + rewrite Rplus_0_r. clear Hx. induction j as [|j IH]; simpl sum; [ring|].
        rewrite <- Rplus_assoc, IH by lia.
        assert (Hs : f (t (S j)) = f (t j) + s j * width) by (unfold s; field; lra).
        rewrite Hs, Hstep. unfold bend. ring.
      + intros k Hk. unfold ramp. rewrite Rmax_left; [ring|].
        assert (t (S j) <= t (S (j + k))) by (apply (corners_increase n); [intros i _; rewrite (Hstep i); lra|lia|lia]). lra.
    - intros k Hk. unfold ramp. rewrite Rmax_right; [reflexivity|].
      assert (t (S k) <= t j) by (apply (corners_increase n); [intros i _; rewrite (Hstep i); lra|lia|lia]). lra. }
  assert (Hcorners : forall k, (k < n)%nat -> interpolation (t k) = f (t k)).
  { intros k Hk. rewrite (Hpieces k (t k) Hk); [ring|rewrite Hstep; lra]. }
  assert (Hpl : piecewise_linear n t s interpolation).
  { split; [intros k _; rewrite Hstep; lra|]. intros k x Hk Hx. rewrite (Hcorners k Hk). apply Hpieces; assumption. }
  destruct (universal_approximation a b n t s interpolation Hab Hn0 Hpl) as (u & c & v & o & Hnet).
  exists n, u, c, v, o. intros x Hx. rewrite Hnet by (rewrite Hfirst, Hlast; exact Hx).
  destruct (piece_of_point n t x Hn0) as (k & Hk & Hkx); [rewrite Hfirst, Hlast; exact Hx|].
  rewrite (Hpieces k x Hk Hkx). assert (Hnext := Hstep k).
  (* A value between those at the two ends of the piece, both of which are near. *)
  assert (Hk1 := Hrange k ltac:(lia)). assert (Hk2 := Hrange (S k) ltac:(lia)).
  assert (C1 : Rabs (f (t k) - f x) < e) by (apply Hclose; try assumption; rewrite Rabs_left1; lra).
  assert (C2 : Rabs (f (t (S k)) - f x) < e) by (apply Hclose; try assumption; rewrite Rabs_right; lra).
  set (r := (x - t k) / width).
  assert (Hr : 0 <= r <= 1).
  { assert (Hinv : 0 < / width) by (apply Rinv_0_lt_compat; lra). unfold r, Rdiv. split; [apply Rmult_le_pos; lra|].
    apply (Rmult_le_reg_r width); [lra|]. rewrite Rmult_assoc, Rinv_l; lra. }
  replace (f (t k) + s k * (x - t k) - f x) with ((1 - r) * (f (t k) - f x) + r * (f (t (S k)) - f x))
    by (unfold r, s; field; lra).
  apply Rabs_def2 in C1. apply Rabs_def2 in C2. apply Rabs_def1; [apply mean_below; lra|].
  assert (H := mean_below r (- (f (t k) - f x)) (- (f (t (S k)) - f x)) e Hr). lra.
Qed.
